import TestSupport
import Testing

@testable import Inspection

private func judge(_ text: String) -> Confidence? {
    let bytes = Array(text.utf8)
    return TemplateGrammar.judge(bytes.span)?.confidence
}

@Suite struct TemplateGrammarTests {
    @Test(arguments: [
        "{{ 6*7 }}", "{{6*'7'}}", "${6*7}", "#{ 6 * 7 }", "*{6*7}", "<%= 6 * 7 %>", "@(6+7)", "[[6*7]]", "${{6*7}}",
        "{{ (6 + 7) * 2 }}", "{{''.__class__}}", "{{ [].class.base.subclasses() }}", "{{'x'.toUpperCase()}}",
        "{{ ['date']|filter('system') }}", "{{ x|attr('__init__') }}", "{{ self }}", "{{config.items()}}",
        "{{ cycler.__init__ }}", "{{ _self.env.display('x') }}", "{% for x in config.iteritems() %}",
        "{% if x.__class__ %}", "${T(java.lang.System).getenv()}", "${x.getClass().forName('y')}",
        "<%= File.open('/tmp/x').read %>", "<%= `date` %>", "{php}echo 7;{/php}", "{$smarty.version}",
        "#set($x = 6 * 7)", "<#assign x = 'freemarker.template.utility.Execute'?new()>", "{{x.constructor('run')()}}",
        "{if phpinfo()}x{/if}",
    ])
    func whatATemplateWouldComputeIsFound(text: String) { #expect(judge(text) == .certain) }

    @Test(arguments: [
        "{{ user.name }}", "Hello {{1}}, your order {{2}} is ready", "{{ order.total | currency }}", "{{ t('hello') }}",
        "{% for item in items %}{{ item.price }}{% endfor %}", "{% if user %}Hi{% endif %}", "${USER_ID}",
        "${user.firstName}", "#{order.id}", "{{#each items}}{{this}}{{/each}}", "<% if (x) { %>", "[[Main Page]]",
        "@(maria)", "{{ date | format('YYYY-MM-DD') }}", "{{ item.class }}", "${regex.exec(text)}", "{{0}} of {{1}}",
        "{$name}", "{{ 'checkout.title' | translate }}", "{{ process.name }}", "{{ file.name }}", "%{host}", "{ {a} }",
        "{{ settings.color }}", "{{ request.path }}", "{{2026-11-21}}", "@{mention}", "{{{ raw }}}",
        "${{ secrets.TOKEN }}",
    ])
    func whatTemplatesAreWrittenForIsNot(text: String) { #expect(judge(text) == nil) }

    @Test func anyBytesGetAnAnswer() {
        var random = SeededGenerator(seed: 17)
        for _ in 0..<4_000 {
            let text = random.bytes(upTo: 60)
            if let verdict = TemplateGrammar.judge(text.span) { #expect(verdict.range.upperBound <= text.count) }
        }
    }
}
