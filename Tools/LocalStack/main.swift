internal import Glibc

exit(await LocalStackCommand.main(CommandLine.arguments))
