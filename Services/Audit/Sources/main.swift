internal import ServiceKit

await ServiceProcess<AuditService>.main()
