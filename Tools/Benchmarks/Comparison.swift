internal import Foundation
internal import Glibc

/// Servers under the same load in the same run.
///
/// Rounds are interleaved and compared pair by pair, and the median of the pairs' ratios counts, so that what else the
/// machine does falls on all alike.
struct Comparison {
    /// One server in one round.
    struct Sample {
        /// Microseconds of processor per request.
        var cost: Double
        var rate: Double
        /// Milliseconds from a request to its answer's end; NaN when the generator does not say.
        var p50: Double
        var p99: Double
    }

    private let servers: [MeasuredServer]
    private var samples: [[Sample]]

    /// `load` puts a server under load. The first round only warms caches up.
    static func run(
        _ title: String, _ servers: [MeasuredServer], rounds: Int = 5,
        load: (MeasuredServer) throws -> LoadGenerator.Result
    ) throws -> Comparison {
        var comparison = Comparison(servers: servers, samples: [[Sample]](repeating: [], count: servers.count))
        for round in 0...rounds {
            for (index, server) in servers.enumerated() {
                let before = try server.processorNanoseconds()
                let result = try load(server)
                let spent = try server.processorNanoseconds() - before
                guard round > 0 else { continue }
                comparison.samples[index].append(
                    Sample(
                        cost: Double(spent) / 1_000 / Double(result.requests), rate: result.requestsPerSecond,
                        p50: result.p50, p99: result.p99))
            }
        }
        comparison.report(title)
        return comparison
    }

    func median(_ value: KeyPath<Sample, Double>, of server: MeasuredServer) -> Double {
        samples[position(of: server)].map { $0[keyPath: value] }.median
    }

    func ratio(_ value: KeyPath<Sample, Double>, of server: MeasuredServer, to peer: MeasuredServer) -> Double {
        zip(samples[position(of: server)], samples[position(of: peer)])
            .map { $0[keyPath: value] / $1[keyPath: value] }.median
    }

    private func position(of server: MeasuredServer) -> Int { servers.firstIndex { $0.name == server.name } ?? 0 }

    private func report(_ title: String) {
        print("\n\(title) (median of \(samples.first?.count ?? 0) rounds, one core each)")
        print("  server       µs of processor per request  requests/s   p50 ms   p99 ms")
        for server in servers {
            let numbers = [(\Sample.cost, 28, 1), (\.rate, 12, 0), (\.p50, 8, 2), (\.p99, 8, 2)].map {
                String(format: "%.\($0.2)f", median($0.0, of: server)).padded(to: $0.1)
            }
            print("  \(server.name.padded(to: 12)) \(numbers.joined(separator: " "))")
        }
        fflush(nil)
    }
}

extension [Double] {
    var median: Double {
        let sorted = sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}
