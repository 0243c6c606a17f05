package import PatternMatching

/// What kind of attack a finding points to.
package enum FindingCategory: String, Sendable, CaseIterable {
    case sqlInjection = "sql-injection"
    case crossSiteScripting = "cross-site-scripting"
    case commandInjection = "command-injection"
    case codeInjection = "code-injection"
    case pathTraversal = "path-traversal"
    case serverSideRequestForgery = "server-side-request-forgery"
    case remoteFileInclusion = "remote-file-inclusion"
    case xmlExternalEntity = "xml-external-entity"
    case templateInjection = "template-injection"
    case noSQLInjection = "nosql-injection"
    case directoryInjection = "ldap-xpath-injection"
    case lookupInjection = "lookup-injection"
    case headerInjection = "header-injection"
    case scanner = "scanner"
    case protocolAbuse = "protocol-abuse"

    /// By which number the contracts know it (`infinite.common.v1.AttackCategory`), which are a little coarser.
    package var contractNumber: Int {
        switch self {
        case .sqlInjection: 1
        case .crossSiteScripting: 2
        case .commandInjection: 3
        case .codeInjection, .lookupInjection: 4
        case .pathTraversal: 5
        case .remoteFileInclusion: 6
        case .serverSideRequestForgery: 7
        case .xmlExternalEntity: 8
        case .templateInjection: 9
        case .noSQLInjection: 10
        case .directoryInjection: 11
        case .headerInjection, .protocolAbuse: 12
        case .scanner: 13
        }
    }
}

/// How sure one finding makes us, alone. `Score` combines several.
package enum Confidence: Double, Sendable {
    /// Unusual, seen in honest traffic too: never enough alone.
    case hint = 0.2
    /// Needs company: alone it stays below the alert threshold.
    case weak = 0.4
    /// Alerts alone, blocks together with anything.
    case likely = 0.65
    /// Blocks alone.
    case certain = 0.9
}

/// What a rule does with a transformed value. New operators (models) are new cases here.
package enum Operator: Sendable {
    /// A regular expression matches somewhere.
    case matches(String)
    /// One of the rule's literals stands in the value: the prefilter has already answered.
    case containsLiteral
    /// The value is one of these, exactly.
    case isOneOf([String])
    /// The value has more bytes than this.
    case isLongerThan(Int)
    /// A grammar judges the value's structure; how sure it is replaces the rule's own confidence.
    case grammar(Grammar)
}

extension Rule {
    /// Judges script by its own words, wherever they stand: people write about it.
    var isAboutCode: Bool { id == "xss.dom-access" || id == "xss.dialogue" || id == "xss.encoded-script" }
    /// Judges a path by where it leads: what has sentences around it is not opened.
    var isAboutFiles: Bool {
        ["path.system-file", "path.system-directory", "command.shell-path", "command.second-line"].contains(id)
    }
}

/// One rule: where to look, what to undo first, what to look for, and how much it means.
///
/// `literals` and `bytes` are the prefilter and must be implied by the operator: a rule is evaluated only if one of its
/// literals stands in the transformed value (any letter case) and the value has a byte of each of its sets.
package struct Rule: Sendable {
    package var id: String
    package var category: FindingCategory
    package var title: String
    package var confidence: Confidence
    package var variables: VariableSet
    package var transformations: [Transformation]
    package var literals: [String]
    /// Of these one stands as a word of its own, or begins one, wherever the operator holds and none of the `literals` that
    /// are signs stands. For the gates.
    package var words: Words?
    package var bytes: [ByteSet]
    package var condition: Operator

    package init(
        _ id: String, _ category: FindingCategory, _ confidence: Confidence, _ title: String,
        in variables: VariableSet, after transformations: [Transformation], literals: [String] = [],
        words: Words? = nil, bytes: [ByteSet] = [], _ condition: Operator
    ) {
        self.id = id
        self.category = category
        self.title = title
        self.confidence = confidence
        self.variables = variables
        self.transformations = transformations
        self.literals = literals
        self.words = words
        self.bytes = bytes
        self.condition = condition
    }
}

extension Rule {
    /// Words that a rule cannot match without, separated by spaces.
    package struct Words: Sendable {
        let spelled: [(bytes: [UInt8], edges: WordEdges)]
        let joined: [[UInt8]]

        /// - Parameters:
        ///   - whole: no letter, digit or `_` stands on either side of these.
        ///   - beginnings: nothing of a word stands before these.
        ///   - commands: a shell would read one of these first.
        ///   - lines: like beginnings, and a blank does, or nothing, or one of them and a digit.
        ///   - fields: so stand these, and a colon follows.
        ///   - joined: one of these stands in the value without its blanks (and SQL's comments). Given alone.
        package init(
            _ whole: String = "", beginnings: String = "", commands: String = "", lines: String = "",
            fields: String = "", joined: String = ""
        ) {
            func words(_ text: String, _ edges: WordEdges) -> [(bytes: [UInt8], edges: WordEdges)] {
                text.split(separator: " ").map { (Array($0.utf8), edges) }
            }
            self.joined = joined.split(separator: " ").map { Array($0.utf8) }
            spelled =
                words(whole, .word) + words(beginnings, .opening) + words(commands, .command) + words(lines, .line)
                + words(fields, .line.followed(by: ByteSet(":")))
        }
    }
}
