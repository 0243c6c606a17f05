/// Grows a tree from the events of a parser, without recursion, within limits. Event in, refusal out.
struct YAMLTreeBuilder {
    enum Event {
        case scalar(text: String, isPlain: Bool)
        case sequenceStart
        case mappingStart
        case end
        case documentStart
    }

    /// A container whose end has not come yet.
    private struct Open {
        let location: SourceLocation
        let isMapping: Bool
        var items: [YAMLNode] = []
        var entries: [YAMLNode.Entry] = []
        var keyLines: [String: Int] = [:]
        var key: (text: String, location: SourceLocation)?

        var finished: YAMLNode {
            YAMLNode(content: isMapping ? .mapping(entries) : .sequence(items), location: location)
        }
    }

    private let limits: YAMLLimits
    private var open: [Open] = []
    private var nodes = 0
    private var documents = 0
    private(set) var root: YAMLNode?

    init(limits: YAMLLimits) { self.limits = limits }

    mutating func take(_ event: Event, at location: SourceLocation) throws(YAMLFailure) {
        switch event {
        case .documentStart:
            documents += 1
            guard documents == 1 else {
                throw YAMLFailure(location: location, reason: "a second document begins; keep one document in a file")
            }
        case .scalar(let text, let isPlain):
            try count(location)
            try place(YAMLNode(content: .scalar(text: text, isPlain: isPlain), location: location))
        case .sequenceStart: try begin(Open(location: location, isMapping: false))
        case .mappingStart: try begin(Open(location: location, isMapping: true))
        case .end:
            guard let last = open.popLast() else { return }
            try place(last.finished)
        }
    }

    private mutating func begin(_ container: Open) throws(YAMLFailure) {
        try count(container.location)
        guard open.count < limits.depth else {
            let reason = "it is nested more than \(limits.depth) levels deep; flatten it"
            throw YAMLFailure(location: container.location, reason: reason)
        }
        if let last = open.last, last.isMapping, last.key == nil {
            throw YAMLFailure(location: container.location, reason: "a key must be text, not a list or a mapping")
        }
        open.append(container)
    }

    private mutating func count(_ location: SourceLocation) throws(YAMLFailure) {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw YAMLFailure(
                location: location, reason: "the file has more than \(limits.nodes) values; make it smaller")
        }
    }

    private mutating func place(_ node: YAMLNode) throws(YAMLFailure) {
        guard let last = open.indices.last else {
            root = node
            return
        }
        guard open[last].isMapping else {
            open[last].items.append(node)
            return
        }
        if let key = open[last].key {
            open[last].entries.append(YAMLNode.Entry(key: key.text, keyLocation: key.location, value: node))
            open[last].key = nil
        } else if case .scalar(let text, _) = node.content {
            try takeKey(text, node.location, into: last)
        }
    }

    private mutating func takeKey(_ text: String, _ location: SourceLocation, into last: Int) throws(YAMLFailure) {
        if let line = open[last].keyLines.updateValue(location.line, forKey: text) {
            let reason = "the key \(quoted(text)) stands here twice, first in line \(line); keep one"
            throw YAMLFailure(location: location, reason: reason)
        }
        open[last].key = (text, location)
    }
}
