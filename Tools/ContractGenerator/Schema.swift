/// The contracts as protoc understood them: what the generator emits Swift from.
struct Schema {
    var files: [SchemaFile]

    struct SchemaFile {
        var name: String
        var package: String
        var messages: [Message]
        var enumerations: [Enumeration]
        var services: [Service]
    }

    struct Message {
        var name: String
        var fullName: String
        var comment: String
        var fields: [Field]
    }

    struct Field {
        var name: String
        var number: UInt32
        var comment: String
        var type: FieldType
        var isRepeated: Bool
        var rule: Rule
    }

    enum FieldType: Equatable {
        case double, float, int64, uint64, int32, fixed64, fixed32, bool, string, bytes
        case uint32, sfixed32, sfixed64, sint32, sint64
        case message(String)
        case enumeration(String)
    }

    struct Rule {
        var format = Format.plain
        var sensitivity = Sensitivity.open
        var isRequired = false
        var length: ClosedRange<UInt32>?
        var range: ClosedRange<Int64>?
    }

    enum Format: Int32 { case plain, uuid, timestamp, address, text, hex }
    enum Sensitivity: Int32 { case open, personal, secret }

    struct Enumeration {
        var name: String
        var fullName: String
        var comment: String
        var values: [Value]

        struct Value {
            var name: String
            var number: Int32
            var comment: String
        }
    }

    struct Service {
        var name: String
        var fullName: String
        var comment: String
        var methods: [Method]
    }

    struct Method {
        var name: String
        var comment: String
        var request: String
        var response: String
        var http: Binding?
    }

    struct Binding {
        var verb: Verb
        var path: String
        var hasBody: Bool
        var access: Access
    }

    enum Verb: Int32 { case get = 1, post, put, delete }
    enum Access: Int32 { case everyone = 1, authenticated, viewer, editor, admin, service }
}

extension Schema {
    var messages: [Message] { files.flatMap(\.messages) }
    var enumerations: [Enumeration] { files.flatMap(\.enumerations) }

    func message(named fullName: String) -> Message? { messages.first { $0.fullName == fullName } }
    func enumeration(named fullName: String) -> Enumeration? { enumerations.first { $0.fullName == fullName } }
}
