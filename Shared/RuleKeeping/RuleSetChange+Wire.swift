package import Contracts

extension RuleSetChange {
    package init(_ inspection: CandidateInspection) {
        let isEnforced: Bool? =
            switch inspection.mode {
            case .observe: false
            case .enforce: true
            default: nil
            }
        self.init(
            paranoiaLevel: inspection.paranoiaLevel == 0 ? nil : Int(inspection.paranoiaLevel), isEnforced: isEnforced,
            rulesBefore: inspection.rulesBefore, rulesAfter: inspection.rulesAfter)
    }
}
