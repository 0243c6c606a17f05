internal import Glibc

TerminationSignals.block()
exit(await LocalStackCommand.main(CommandLine.arguments))
