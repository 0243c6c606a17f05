import ServiceKit

if CommandLine.arguments.dropFirst().first == "explain" {
    ExplainVerb.run(CommandLine.arguments.dropFirst(2))
}
await ServiceProcess<DetectorService>.main()
