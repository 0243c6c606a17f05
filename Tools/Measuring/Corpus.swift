internal import Core
internal import Foundation
package import Inspection
internal import JSON

/// One labelled request of a corpus, as `README.md` beside the corpora describes the format.
package struct LabelledRequest {
    package var id: String
    package var isAttack: Bool
    package var category: String
    package var request: InspectedRequest

    package init(id: String, isAttack: Bool, category: String, request: InspectedRequest) {
        (self.id, self.isAttack, self.category, self.request) = (id, isAttack, category, request)
    }
}

package struct Corpus {
    package var name: String
    package var requests: [LabelledRequest]

    /// The sets in `folder`, by name; none if the folder is not there.
    package static func names(in folder: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".jsonl.gz") }.map { String($0.dropLast(9)) }.sorted()
    }

    package init(_ name: String, in folder: String) throws {
        self.name = name
        let packed = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name).jsonl.gz")))
        var text: [UInt8] = []
        guard Inflate.expand(packed.span, limit: 1 << 30, into: &text) == .complete else {
            throw CorpusFailure.unreadable("\(name).jsonl.gz is not complete gzip")
        }
        requests = try text.split(separator: 0x0a).map { try LabelledRequest(line: Array($0)) }
    }

    /// At most so many attacks and so many honest requests, evenly spread: the same ones each time.
    package func sample(ofEach limit: Int) -> [LabelledRequest] {
        [true, false].flatMap { isAttack -> [LabelledRequest] in
            let all = requests.filter { $0.isAttack == isAttack }
            guard all.count > limit else { return all }
            return (0..<limit).map { all[$0 * all.count / limit] }
        }
    }
}

package enum CorpusFailure: Error {
    case unreadable(String)
}

extension LabelledRequest {
    init(line: [UInt8]) throws {
        let value = try JSONValue(parsing: line, limits: JSONLimits(maximumLength: 64 << 20))
        guard let id = value["id"]?.stringValue, let label = value["label"]?.stringValue,
            let method = value["method"]?.stringValue, let target = value["target"]?.stringValue
        else { throw CorpusFailure.unreadable("a line without id, label, method or target") }
        let headers = (value["headers"]?.arrayValue ?? []).map { pair in
            InspectedRequest.Header(pair[0]?.stringValue ?? "", Self.latin1(pair[1]?.stringValue ?? ""))
        }
        self.id = id
        isAttack = label == "attack"
        category = value["category"]?.stringValue ?? ""
        request = InspectedRequest(
            method: method, target: Self.latin1(target), headers: headers,
            body: Base64.decode(value["body_b64"]?.stringValue ?? "") ?? [])
    }

    /// A character stands for the byte of its number.
    private static func latin1(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}
