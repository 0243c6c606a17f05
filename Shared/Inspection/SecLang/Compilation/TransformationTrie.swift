internal import PatternMatching

/// All rules' transformation chains, those with a common beginning sharing it, in preorder: a node's descendants are the
/// nodes up to `end`, and the questions asked of their forms are consecutive numbers.
///
/// A *restless* node's transformation may change any value; all others leave a value alone that has none of its
/// triggers. What is below a node without a restless one between is its *calm* part: a value without any trigger of it
/// has one form there, and all its questions can be asked at once.
struct TransformationTrie: Sendable {
    struct Words: Sendable, BitwiseCopyable {
        var first: Int32 = 0
        var end: Int32 = 0

        init() {}

        init(_ table: BitTable) {
            guard let first = table.words.firstIndex(where: { $0 != 0 }) else { return }
            self.first = Int32(first)
            end = Int32((table.words.lastIndex { $0 != 0 } ?? first) + 1)
        }
    }

    struct Node: Sendable, BitwiseCopyable {
        var parent: Int32
        var end: Int32 = 0
        /// Nothing (`length`) for the root.
        var transformation: SecLangTransformation
        var isRestless: Bool
        /// Or below one that is.
        var isUnsettled: Bool
        /// Whether a value may be longer afterwards, here or below.
        var grows: Bool
        var triggers: ByteMask
        /// Of the calm part.
        var calmTriggers: ByteMask
        /// Where in `restless` the first restless nodes below stand.
        var firstRestless: Int32 = 0
        var restlessCount: Int32 = 0
        /// The words in which this node's own questions stand, those of its calm part, and all at and below it.
        var own = Words()
        var calm = Words()
        var whole = Words()
    }

    private(set) var nodes: [Node] = []
    private(set) var transformations: [SecLangTransformation?] = []
    private(set) var restless: [Int32] = []

    private final class Draft {
        let transformation: SecLangTransformation?
        var children: [Draft] = []
        init(_ transformation: SecLangTransformation?) { self.transformation = transformation }
    }

    init(_ chains: [[SecLangTransformation]]) {
        let root = Draft(nil)
        for chain in chains {
            var node = root
            for transformation in chain {
                if let child = node.children.first(where: { $0.transformation == transformation }) {
                    node = child
                } else {
                    let child = Draft(transformation)
                    node.children.append(child)
                    node = child
                }
            }
        }
        _ = flatten(root, parent: 0, grows: false, isUnsettled: false)
    }

    /// Returns the triggers of the calm part with this node's own, and the first restless nodes in it, itself perhaps.
    private mutating func flatten(
        _ draft: Draft, parent: Int, grows: Bool, isUnsettled: Bool
    ) -> (triggers: ByteSet, restless: [Int32]) {
        let index = nodes.count
        let triggers = draft.transformation.map(\.triggers) ?? ByteSet()
        let grows = grows || draft.transformation?.grows ?? false
        let isUnsettled = isUnsettled || triggers == nil
        nodes.append(
            Node(
                parent: Int32(parent), transformation: draft.transformation ?? .length, isRestless: triggers == nil,
                isUnsettled: isUnsettled,
                grows: grows,
                triggers: ByteMask(triggers ?? ByteSet()),
                calmTriggers: ByteMask(ByteSet())))
        transformations.append(draft.transformation)
        var calm = ByteSet()
        var below: [Int32] = []
        for child in draft.children {
            let found = flatten(child, parent: index, grows: grows, isUnsettled: isUnsettled)
            calm = calm | found.triggers
            below += found.restless
        }
        nodes[index].calmTriggers = ByteMask(calm)
        nodes[index].end = Int32(nodes.count)
        nodes[index].firstRestless = Int32(restless.count)
        nodes[index].restlessCount = Int32(below.count)
        restless += below
        guard let triggers else { return (ByteSet(), [Int32(index)]) }
        return (calm | triggers, below)
    }

    /// The nodes from the root to the end of a chain.
    func path(_ chain: [SecLangTransformation]) -> [Int] {
        var path = [0]
        for transformation in chain {
            let parent = path[path.count - 1]
            var child = parent + 1
            while child < nodes.count, transformations[child] != transformation || nodes[child].parent != Int32(parent)
            {
                child = Int(nodes[child].end)
            }
            path.append(child)
        }
        return path
    }

    /// For each node: the questions asked there, with them those of its calm part, and all at and below it.
    mutating func setQuestions(
        nodeOf questions: [Int]
    ) -> (own: [BitTable], calm: [BitTable], whole: [BitTable]) {
        let empty = BitTable(count: questions.count)
        var own = [BitTable](repeating: empty, count: nodes.count)
        for (question, node) in questions.enumerated() { own[node].insert(question) }
        var calm = own
        var whole = own
        for index in nodes.indices.reversed() where index > 0 {
            let parent = Int(nodes[index].parent)
            if !nodes[index].isRestless { calm[parent].formUnion(calm[index]) }
            whole[parent].formUnion(whole[index])
        }
        for index in nodes.indices {
            nodes[index].own = Words(own[index])
            nodes[index].calm = Words(calm[index])
            nodes[index].whole = Words(whole[index])
        }
        return (own, calm, whole)
    }
}
