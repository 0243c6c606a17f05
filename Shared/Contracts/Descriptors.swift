/// What a message looks like, for code that handles messages it was not written for: the JSON transcoder, the OpenAPI
/// document, masking.
package struct MessageDescriptor: Sendable {
    package let schema: String
    package let fields: [FieldDescriptor]

    package init(schema: String, fields: [FieldDescriptor]) {
        self.schema = schema
        self.fields = fields
    }

    package func field(named name: String) -> FieldDescriptor? { fields.first { $0.name == name } }
    func field(number: UInt32) -> FieldDescriptor? { fields.first { $0.number == number } }
}

package struct FieldDescriptor: Sendable {
    package enum Kind: Sendable {
        case bool, int32, int64, uint32, uint64, sint32, sint64, fixed32, fixed64, sfixed32, sfixed64, float, double
        case string, bytes
        case message(any WireMessage.Type)
        case enumeration(EnumerationDescriptor)
    }

    /// What a value holds beyond its wire type; `proto/infinite/common/v1/field.proto` says how JSON shows each.
    package enum Format: Sendable { case plain, uuid, timestamp, address, text, hex }
    package enum Sensitivity: Sendable { case open, personal, secret }

    package let number: UInt32
    /// As in the .proto file and in JSON: "request_id".
    package let name: String
    package let kind: Kind
    package let isRepeated: Bool
    package let format: Format
    package let sensitivity: Sensitivity
    package let isRequired: Bool
    /// Bytes of a string or byte string, elements of a repeated field.
    package let length: ClosedRange<Int>?
    /// Of a number.
    package let range: ClosedRange<Int64>?

    package init(
        _ number: UInt32, _ name: String, _ kind: Kind, isRepeated: Bool = false, format: Format = .plain,
        sensitivity: Sensitivity = .open, isRequired: Bool = false, length: ClosedRange<Int>? = nil,
        range: ClosedRange<Int64>? = nil
    ) {
        self.number = number
        self.name = name
        self.kind = kind
        self.isRepeated = isRepeated
        self.format = format
        self.sensitivity = sensitivity
        self.isRequired = isRequired
        self.length = length
        self.range = range
    }
}

package struct EnumerationDescriptor: Sendable {
    /// "infinite.common.v1.Severity".
    package let schema: String
    /// Names without the enumeration's prefix, lower case: what JSON shows.
    package let values: [(name: String, number: Int32)]

    package init(schema: String, values: [(name: String, number: Int32)]) {
        self.schema = schema
        self.values = values
    }

    package func name(of number: Int32) -> String? { values.first { $0.number == number }?.name }
    package func number(of name: String) -> Int32? { values.first { $0.name == name }?.number }
}
