/// What `dead-letters` is asked to do: `list`, `requeue ID… | all`, `discard ID… | all`.
enum DeadLetterOrder: Sendable, Equatable {
    case list
    case requeue(DeadLetterChoice)
    case discard(DeadLetterChoice)

    init(_ words: [String]) throws(UsageFailure) {
        switch words.first {
        case nil: self = .list
        case "list" where words.count == 1: self = .list
        case "requeue": self = .requeue(try DeadLetterChoice(words))
        case "discard": self = .discard(try DeadLetterChoice(words))
        default:
            throw UsageFailure(
                description:
                    "after dead-letters comes list, requeue or discard, not \(quoted(words.joined(separator: " ")))")
        }
    }
}

/// Which letters are meant.
enum DeadLetterChoice: Sendable, Equatable {
    case all
    case these(Set<String>)

    fileprivate init(_ words: [String]) throws(UsageFailure) {
        let names = words.dropFirst()
        guard !names.isEmpty, !names.contains("all") || names.count == 1 else {
            throw UsageFailure(
                description: "\(words[0]) needs the ids of letters, as dead-letters lists them, or the one word all")
        }
        self = names.contains("all") ? .all : .these(Set(names))
    }
}
