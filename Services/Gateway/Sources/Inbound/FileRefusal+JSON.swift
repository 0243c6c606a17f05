import Core
import JSON
import ServiceKit

extension FileRefusal {
    var json: JSONValue {
        ["at": .string(at.rfc3339), "problems": .array(problems.map { .string($0) })]
    }
}
