internal import PatternMatching

/// All rules' transformation chains, those with a common beginning sharing it, in preorder: a node's descendants are the
/// nodes up to `end`, and the questions asked of their forms are consecutive numbers.
struct TransformationTrie: Sendable {
    struct Node: Sendable {
        var parent: Int
        var transformation: SecLangTransformation?
        /// nil if the transformation may change any value.
        var triggers: ByteSet?
        /// A value without any of these is the same in this node's whole subtree; nil if none is sure to be.
        var subtreeTriggers: ByteSet?
        var depth: Int
        var end = 0
        /// The questions asked of this node's form, and of this node's and its descendants' forms.
        var own: Range<Int> = 0..<0
        var subtree: Range<Int> = 0..<0
    }

    private(set) var nodes: [Node] = []

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
        _ = flatten(root, parent: 0, depth: 0)
    }

    /// Returns the union of the triggers below, nil if anything may change there.
    private mutating func flatten(_ draft: Draft, parent: Int, depth: Int) -> ByteSet? {
        let index = nodes.count
        let triggers = draft.transformation.map(\.triggers) ?? ByteSet()
        nodes.append(
            Node(
                parent: parent, transformation: draft.transformation, triggers: triggers, subtreeTriggers: nil,
                depth: depth))
        var union = triggers
        for child in draft.children {
            let below = flatten(child, parent: index, depth: depth + 1)
            if let known = union, let below { union = known | below } else { union = nil }
        }
        nodes[index].subtreeTriggers = union
        nodes[index].end = nodes.count
        return union
    }

    /// The nodes from the root to the end of a chain.
    func path(_ chain: [SecLangTransformation]) -> [Int] {
        var path = [0]
        for transformation in chain {
            var child = (path.last ?? 0) + 1
            while child < nodes.count, nodes[child].transformation != transformation || nodes[child].parent != path.last
            {
                child = nodes[child].end
            }
            path.append(child)
        }
        return path
    }

    mutating func setQuestions(nodeOf questions: [Int]) {
        for index in nodes.indices {
            let first = questions.firstIndex { $0 >= index } ?? questions.count
            let own = questions.firstIndex { $0 > index } ?? questions.count
            let end = questions.firstIndex { $0 >= nodes[index].end } ?? questions.count
            nodes[index].own = first..<own
            nodes[index].subtree = first..<end
        }
    }
}
