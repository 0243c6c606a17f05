// contract-generator [--check]: makes Shared/Contracts/Generated and the API's document from proto/, and the tests'
// contracts from theirs; run it at the top of the repository. With --check it only says whether the checked-in files are current.
internal import Foundation

let top = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
do {
    for contracts in GeneratedContracts.all(in: top) {
        if CommandLine.arguments.contains("--check") {
            let outdated = try contracts.outdatedFiles()
            guard outdated.isEmpty else { throw GeneratorFailure.outdated(outdated) }
        } else {
            try contracts.write()
        }
    }
} catch {
    FileHandle.standardError.write(Data("contract-generator: \(error)\n".utf8))
    exit(1)
}
