internal import Core
internal import Foundation

/// A folder with a rule set of one rule, which the built-in engine would never have: a word that stops a request.
package struct RuleFolder: Sendable {
    package let path: String

    package init(word: String) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("rules-\(UUIDv7())").path
        try FileManager.default.createDirectory(atPath: path + "/rules", withIntermediateDirectories: true)
        try write("crs-setup.conf", "SecAction \"id:900000,phase:1,pass,nolog,setvar:tx.critical=5\"\n")
        try write(word: word)
    }

    /// Another word, and another name of the rule set.
    package func write(word: String) throws {
        try write(
            "rules/REQUEST-999-TEST.conf",
            """
            SecComponentSignature "Test/\(word)"
            SecRule ARGS|REQUEST_BODY "@contains \(word)" "id:1000,phase:2,deny,t:lowercase,severity:CRITICAL,\\
                tag:attack-generic,msg:'A word of the day'"

            """)
    }

    package func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    }

    package func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }
}
