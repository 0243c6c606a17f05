import Foundation
import Testing

@Suite("Tidy: commands")
struct CommandTests {
    @Test("The Makefile is an index: few targets, few lines each, every one explained")
    func makefile() throws {
        let makefile = try #require(SourceTree.files.first { $0.path == "Makefile" })
        let rules = makefile.lines.filter { $0.contains("## ") }
        #expect(rules.count <= 20)
        var recipe = 0
        for line in makefile.lines {
            recipe = line.hasPrefix("\t") ? recipe + 1 : 0
            #expect(recipe <= 5, "a recipe grows past five lines at: \(line)")
        }
    }

    @Test("Every package has a reason")
    func dependencies() throws {
        let list = try #require(SourceTree.files.first { $0.path == "Tools/dependencies.txt" })
        let packages = list.lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        #expect(!packages.isEmpty)
        for line in packages { #expect(line.contains(" # "), "dependencies.txt: say why \(line) is needed") }
        let names = packages.compactMap { $0.split(separator: " ").first }
        #expect(Set(names).count == names.count, "dependencies.txt names a package twice")
    }

    @Test("Every script stops at its first failure")
    func scripts() {
        let scripts = SourceTree.files.filter {
            $0.text.hasPrefix("#!/usr/bin/env bash") || $0.text.hasPrefix("#!/bin/bash")
        }
        #expect(!scripts.isEmpty)
        for script in scripts {
            #expect(
                script.text.contains("\nset -euo pipefail\n") || script.text.contains("\nset -uo pipefail\n"),
                "\(script.path) does not `set -euo pipefail`")
        }
    }
}
