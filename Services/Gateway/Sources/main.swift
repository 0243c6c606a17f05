import ServiceKit

await ServiceProcess<GatewayService>.main()
