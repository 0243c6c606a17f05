import ServiceKit

OfflineVerb.runIfAsked(CommandLine.arguments)
await ServiceProcess<DetectorService>.main()
