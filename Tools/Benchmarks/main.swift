// `benchmarks NAME…`: measures, and prints each figure beside its bar. Exits 1 when a bar is missed.
internal import Glibc
internal import Measuring

let wanted = Array(CommandLine.arguments.dropFirst())
if wanted.first == HelloServer.role {
    await HelloServer.serve(Array(wanted.dropFirst()))
}
if wanted.first == BusPeer.role {
    await BusPeer.run(Array(wanted.dropFirst()))
}
if wanted.first == HeldConnections.role {
    await HeldConnections.hold(Array(wanted.dropFirst()))
}
if wanted == [GatewayTraining.role] {
    do {
        try await GatewayTraining.run()
        exit(0)
    } catch {
        print("the gateway could not be trained: \(error)")
        exit(2)
    }
}
guard !wanted.isEmpty, wanted.allSatisfy(BenchmarkTable.names.contains) else {
    print("usage: benchmarks NAME…\nnames: \(BenchmarkTable.names.joined(separator: " "))")
    exit(2)
}
var isShort = false
for name in wanted {
    do {
        for figure in try await BenchmarkTable.run(name) {
            figure.report()
            isShort = isShort || !figure.isMet
        }
    } catch {
        print("\(name) could not be measured: \(error)")
        exit(2)
    }
}
exit(isShort ? 1 : 0)
