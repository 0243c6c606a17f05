internal import ServiceKit

await ServiceProcess<LabyrinthService>.main()
