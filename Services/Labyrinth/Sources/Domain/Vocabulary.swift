/// The words that pages are made of: enough of them that two pages never look alike.
enum Vocabulary {
    static let sections = [
        "reports", "projects", "customers", "invoices", "research", "meetings", "policies", "partners", "suppliers",
        "contracts", "planning", "finance", "logistics", "marketing", "support", "training", "facilities", "releases",
    ]
    static let adjectives = [
        "annual", "internal", "revised", "confidential", "regional", "quarterly", "preliminary", "approved", "archived",
        "strategic", "technical", "updated", "pending", "consolidated", "external", "draft", "final", "legacy",
    ]
    static let nouns = [
        "review", "budget", "summary", "forecast", "inventory", "agreement", "assessment", "migration", "proposal",
        "schedule", "statement", "audit", "roadmap", "analysis", "checklist", "handover", "register", "survey",
        "estimate", "specification",
    ]
    static let openings = [
        "The team responsible for the", "Following last month's discussion, the",
        "As agreed with the regional office, the",
        "Please note that the", "After the second round of comments, the", "Owing to changes in procurement, the",
        "For the coming quarter, the", "According to the latest figures, the",
    ]
    static let middles = [
        "will be moved to the new platform", "has been extended until the end of the period",
        "now includes the figures of all branches", "remains under review by the steering group",
        "was approved with minor remarks", "replaces the version circulated in spring",
        "is to be completed before the freeze", "shows a modest increase over the previous year",
    ]
    static let endings = [
        "and access will be granted on request.", "while the remaining items are tracked separately.",
        "pending confirmation from the finance department.", "so that no further action is needed this week.",
        "as described in the attached notes.", "with details available in the linked documents.",
    ]
    static let firstNames = [
        "anna", "bela", "carla", "dmitri", "elena", "farid", "greta", "hugo", "ines", "jonas", "karin", "luis", "maya",
        "nils", "olga", "pavel", "rosa", "stefan", "tilda", "viktor",
    ]
    static let lastNames = [
        "albrecht", "bianchi", "carlsen", "dubois", "eriksen", "fischer", "garcia", "horvat", "ivanova", "jansen",
        "keller", "lindqvist", "moreau", "novak", "ortega", "petrov", "quist", "rossi", "sato", "weber",
    ]
    static let folders = [
        "2021", "2022", "2023", "2024", "accounts", "backup", "clients", "config", "exports", "hr", "keys", "mail",
        "nightly", "old", "payroll", "private", "scripts", "staging", "users", "www",
    ]
    static let files = [
        "customers.csv", "database.sql.gz", "deploy.sh", "employees.xlsx", "id_rsa.bak", "keys.kdbx", "notes.txt",
        "passwords.old", "salaries.xlsx", "secrets.yml", "server.conf", "wp-config.php.bak",
    ]
}
