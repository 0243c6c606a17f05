import ServiceKit

await ServiceProcess<AuthService>.main()
