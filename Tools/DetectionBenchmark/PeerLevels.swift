internal import Core
internal import Foundation
internal import Inspection
internal import Measuring

/// `detection-benchmark levels [--corpora FOLDER] [--write FILE] [SET …]`: what libmodsecurity with Debian's Core Rule Set
/// makes of the labelled sets at paranoia levels 1 to 4, in this process. Of a large set a sample that is always the same.
struct PeerLevels {
    /// Of each set so many attacks and so many honest requests: a percent of either is a dozen requests.
    private static let sampled = 1_200
    private static let files = ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf"]

    private var folder = "../shared/corpora"
    private var output: String?
    private var sets: [String] = []

    init(_ words: [String]) {
        var words = words[...]
        while let word = words.popFirst() {
            switch word {
            case "--corpora": folder = words.popFirst() ?? folder
            case "--write": output = words.popFirst()
            default: sets.append(word)
            }
        }
    }

    func run() throws {
        let wanted = Corpus.names(in: folder).filter { sets.isEmpty || sets.contains($0) }
        var lines = [
            "# libmodsecurity 3 with Debian's Core Rule Set (3.3.4), in process, its engine on, at paranoia levels 1 to 4:",
            "# `make scorecard PEER=1` writes this file. Of each set at most \(Self.sampled) attacks and as many honest",
            "# requests, evenly spread. set, level, attacks, found, honest requests, refused.",
        ]
        for level in CoreRuleSet.paranoiaLevels {
            let peer = try ModSecurityPeer(files: Self.files, isBlocking: true, paranoiaLevel: level)
            for set in wanted {
                let line = Self.line(set, level, try Corpus(set, in: folder).sample(ofEach: Self.sampled), peer)
                print(line)
                lines.append(line)
            }
        }
        guard let output else { return }
        let text = lines.map { $0 + "\n" }.joined()
        try text.write(toFile: output, atomically: true, encoding: .utf8)
    }

    private static func line(
        _ set: String, _ level: Int, _ sample: [LabelledRequest], _ peer: ModSecurityPeer
    ) -> String {
        var (attacks, found, honest, refused) = (0, 0, 0, 0)
        for labelled in sample {
            let isStopped = peer.inspect(asSent(labelled.request))
            if labelled.isAttack {
                attacks += 1
                found += isStopped ? 1 : 0
            } else {
                honest += 1
                refused += isStopped ? 1 : 0
            }
        }
        return "\(set) \(level) \(attacks) \(found) \(honest) \(refused)"
    }

    /// The sets leave out what every sender adds, and the rule set asks for it.
    private static func asSent(_ request: InspectedRequest) -> InspectedRequest {
        var request = request
        if !request.body.isEmpty || request.method == "POST" {
            request.headers.append(.init("Content-Length", "\(request.body.count)"))
        }
        return request
    }
}
