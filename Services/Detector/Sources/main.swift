import ServiceKit

ExplainVerb.runIfAsked(CommandLine.arguments)
await ServiceProcess<DetectorService>.main()
