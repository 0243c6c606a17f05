internal import ServiceKit

await ServiceProcess<AgentCoordinatorService>.main()
