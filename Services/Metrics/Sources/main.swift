import ServiceKit

await ServiceProcess<MetricsService>.main()
