/// Where an OWASP Core Rule Set stands and how it is to be loaded: its set-up, its paranoia level, the site's own rules
/// around it.
package struct CoreRuleSet: Sendable, Equatable {
    /// Where Debian's package `modsecurity-crs` puts the rules, and their set-up.
    package static let debianFolder = "/usr/share/modsecurity-crs"
    private static let debianSetup = "/etc/modsecurity/crs/crs-setup.conf"
    private static let preface = "(the settings of inspection.core_rule_set)"
    /// In the range that the rule set's documentation leaves to nobody.
    private static let prefaceID = 999_000_001

    package static let paranoiaLevels = 1...4

    /// It holds `rules/*.conf`, or the rules themselves. Empty: there is no rule set, only the site's own rules.
    package var folder: String
    /// Found by itself when nil: beside the rules, or where Debian puts it.
    package var setupFile: String?
    /// Wins over the set-up file; nil: what that says, which is 1 when it says nothing.
    package var paranoiaLevel: Int?
    /// False: what the rules find is told and stops nobody.
    package var isEnforced: Bool
    /// Rule files of the site, or patterns of such: exclusions before, further rules after.
    package var rulesBefore: [String]
    package var rulesAfter: [String]

    package init(
        folder: String, setupFile: String? = nil, paranoiaLevel: Int? = nil, isEnforced: Bool = true,
        rulesBefore: [String] = [], rulesAfter: [String] = []
    ) {
        self.folder = folder
        self.setupFile = setupFile
        self.paranoiaLevel = paranoiaLevel
        self.isEnforced = isEnforced
        self.rulesBefore = rulesBefore
        self.rulesAfter = rulesAfter
    }

    package func load(from source: SecLangSource = .files) throws(InspectionFailure) -> SecLangProgram {
        let setup = folder.isEmpty ? [] : [try setup(source)]
        let rules = folder.isEmpty ? [] : [try rules(source)]
        let files = setup + [Self.preface] + rulesBefore + rules + rulesAfter
        let preface = Array(prefaceText.utf8)
        let all = SecLangSource(
            read: { $0 == Self.preface ? preface : source.read($0) },
            expand: { $0 == Self.preface ? [$0] : source.expand($0) })
        return try SecLangProgram(files: files, from: all)
    }

    private func rules(_ source: SecLangSource) throws(InspectionFailure) -> String {
        for pattern in ["\(folder)/rules/*.conf", "\(folder)/*.conf"] where !source.expand(pattern).isEmpty {
            return pattern
        }
        throw missing(
            "\(folder) holds no rules (*.conf), and its folder rules holds none",
            "name the folder of a Core Rule Set; Debian's package modsecurity-crs has it in \(Self.debianFolder)")
    }

    private func setup(_ source: SecLangSource) throws(InspectionFailure) -> String {
        if let setupFile {
            guard source.expand(setupFile).isEmpty else { return setupFile }
            throw missing("there is no set-up file \(setupFile)", "correct the path, or leave it out")
        }
        var places = ["\(folder)/crs-setup.conf", "\(folder)/../crs-setup.conf", "\(folder)/crs-setup.conf.example"]
        if folder.hasPrefix(Self.debianFolder) { places.insert(Self.debianSetup, at: 0) }
        for place in places where !source.expand(place).isEmpty { return place }
        throw missing(
            "no crs-setup.conf stands in \(folder)", "copy crs-setup.conf.example there, or name the file by setup_file"
        )
    }

    private func missing(_ reason: String, _ fix: String) -> InspectionFailure {
        .malformedRules(file: folder, line: 0, reason: reason, fix: fix)
    }

    /// Read after the set-up file, so that it wins, and before the rules, which only fill what nobody set.
    private var prefaceText: String {
        var text = "SecRuleEngine \(isEnforced ? "On" : "DetectionOnly")\nSecRequestBodyAccess On\n"
        guard let paranoiaLevel else { return text }
        let names = [
            "paranoia_level", "executing_paranoia_level", "blocking_paranoia_level", "detection_paranoia_level",
        ]
        text += "SecAction \"id:\(Self.prefaceID),phase:1,pass,t:none,nolog"
        for name in names { text += ",setvar:tx.\(name)=\(paranoiaLevel)" }
        return text + "\"\n"
    }
}
