using Mjolnir.Scripting.Pages;
using Mjolnir.Scripting.Tests.Applications;

namespace Mjolnir.Scripting.Tests.Pages;

public class TemplateTests
{
    [Theory]
    [InlineData("<p>Hi {{ user }}!</p>", "<p>Hi <!--m:0-->[0]<!--/m-->!</p>")]
    [InlineData("<p title=\"a {{ user }} b\">x</p>", "<p data-m=\"0:title\" title=\"[0]\">x</p>")]
    [InlineData("<p title={{ user }} id=x>{{ user }}</p>", "<p data-m=\"0:title\" title=\"[0]\" id=x><!--m:1-->[1]<!--/m--></p>")]
    [InlineData("<p class='{{ user }}' TITLE = '{{ user }}'>", "<p data-m=\"0:class 1:title\" class=\"[0]\" TITLE=\"[1]\">")]
    [InlineData("<title>T {{ user }}</title>", "<title data-m=\"0:\">[0]</title>")]
    [InlineData("<textarea id=a>\n{{ user }}</textarea>", "<textarea data-m=\"0:\" id=a>\n[0]</textarea>")]
    [InlineData("<option value=\"{{ user }}\">a &amp; {{ user }}</option>", "<option data-m=\"0:value 1:\" value=\"[0]\">[1]</option>")]
    [InlineData("<table><tbody>{{ user | raw }}</table>", "<table><tbody><!--m:0-->[0]<!--/m--></table>")]
    [InlineData("<input value='{{ table('users').find(\"a\").name }}'>", "<input data-m=\"0:value\" value=\"[0]\">")]
    [InlineData("<svg><text x={{ user }}>{{ user }}</text></svg>", "<svg><text data-m=\"0:x\" x=\"[0]\"><!--m:1-->[1]<!--/m--></text></svg>")]
    [InlineData("<p>{{ user }}{{ user }}</p>", "<p><!--m:0-->[0]<!--/m--><!--m:1-->[1]<!--/m--></p>")]
    [InlineData("<script>var a = '{{ x }}';</script><style>a{{b}}</style><!-- {{ x }} -->", "<script>var a = '{{ x }}';</script><style>a{{b}}</style><!-- {{ x }} -->")]
    public void A_template_is_a_slot_with_marks_and_all_else_stays(string html, string served)
    {
        var (_, page) = TestFolder.Page(html);
        Assert.Equal(served, page.Text());
    }

    [Theory]
    [InlineData("{{ user }}", "user", "")]
    [InlineData("{{user|upper|raw}}", "user", "upper raw")]
    [InlineData("{{ user || 'x' | lower }}", "user || 'x'", "lower")]
    [InlineData("{{ ('a|b' + (1 | 2)) | json }}", "('a|b' + (1 | 2))", "json")]
    [InlineData("{{ user | default:'no | body' }}", "user", "default:no | body")]
    [InlineData("{{ user | default: \"it's\" | upper }}", "user", "default:it's upper")]
    [InlineData("{{ user | default:0 }}", "user", "default:0")]
    [InlineData("{{ '}}' }}", "'}}'", "")]
    [InlineData("{{ '{{' }}", "'{{'", "")]
    [InlineData("{{ {a: {b: 1}} | json }}", "{a: {b: 1}}", "json")]
    [InlineData("{{ 1 &lt; 2 &amp;&amp; '&eacute;' }}", "1 < 2 && 'é'", "")]
    [InlineData("{{ 1 < 2 && '<b>' }}", "1 < 2 && '<b>'", "")]
    [InlineData("{{ [1, 2].map(function (n) { return '<i>' + n + '</i>'; }).join('') | raw }}", "[1, 2].map(function (n) { return '<i>' + n + '</i>'; }).join('')", "raw")]
    [InlineData("{{\n  user\n}}", "user", "")]
    public void The_expression_and_its_filters_are_cut_apart(string template, string expression, string filters)
    {
        var (_, page) = TestFolder.Page($"<p>a {template} b</p>");
        var found = Assert.Single(page.Templates);
        Assert.Equal(TemplateKind.Text, found.Kind);
        var part = Assert.Single(found.Parts);
        Assert.Equal((expression, filters), (part.Expression, string.Join(' ', part.Filters)));
        Assert.Equal("<p>a <!--m:0-->[0]<!--/m--> b</p>", page.Text());
    }

    [Fact]
    public void An_attributes_value_is_one_template_of_literals_and_expressions()
    {
        var (_, page) = TestFolder.Page("<a href=\"/u/{{ user }}?a=1&amp;b={{ 1 + 1 | json }}{{ user }}&copy\">x</a>");
        var template = Assert.Single(page.Templates);
        Assert.Equal(TemplateKind.Address, template.Kind);
        Assert.Equal(["'/u/'", "user", "'?a=1&b='", "1 + 1", "user", "'&copy'".Replace("&copy", "©", StringComparison.Ordinal)], template.Parts.Select(part => part.Expression ?? $"'{part.Literal}'"));
    }

    [Theory]
    [InlineData("<a href={{ user }}>", TemplateKind.Address)]
    [InlineData("<svg><a xlink:href={{ user }}></a></svg>", TemplateKind.Address)]
    [InlineData("<img SRC='{{ user }}'>", TemplateKind.Address)]
    [InlineData("<iframe src='{{ user }}'></iframe>", TemplateKind.Address)]
    [InlineData("<form action='{{ user }}'>", TemplateKind.Address)]
    [InlineData("<button formaction='{{ user }}'>", TemplateKind.Address)]
    [InlineData("<svg><animate attributeName=href values='{{ user }}'></svg>", TemplateKind.Address)]
    [InlineData("<p title='{{ user }}'>", TemplateKind.Attribute)]
    [InlineData("<p values='{{ user }}'>", TemplateKind.Attribute)]
    [InlineData("<meta name=author content='{{ user }}'>", TemplateKind.Attribute)]
    public void Addresses_are_told_from_other_attributes(string html, TemplateKind kind)
    {
        var (_, page) = TestFolder.Page(html);
        Assert.Equal(kind, Assert.Single(page.Templates).Kind);
    }

    [Theory]
    [InlineData("<iframe srcdoc='{{ user }}'></iframe>", "srcdoc")]
    [InlineData("<script src='{{ user }}'></script>", "src")]
    [InlineData("<script type='{{ user }}'></script>", "type")]
    [InlineData("<base href='{{ user }}'>", "href")]
    [InlineData("<object data='{{ user }}'></object>", "data")]
    [InlineData("<embed src='{{ user }}'>", "src")]
    [InlineData("<meta http-equiv=refresh content='0;url={{ user }}'>", "content")]
    [InlineData("<a href='javascript:f({{ user }})'>x</a>", "href")]
    [InlineData("<a href=' java\nscript:f({{ user }})'>x</a>", "href")]
    [InlineData("<p onclick='f({{ user }})'>x</p>", "onclick")]
    public void A_value_never_becomes_code(string html, string attribute)
    {
        var mistake = Assert.Single(TestFolder.Mistakes(html));
        Assert.Contains($"a template cannot be part of the code in '{attribute}' | ", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void Places_are_those_of_the_authors_text()
    {
        var (_, page) = TestFolder.Page("\uFEFF<p>\r\n<p title='ä {{ user }}'>&amp; {{ &quot;x&quot; + user | upper }}");
        Assert.Equal(["index.html:2:16", "index.html:2:34"], page.Templates.Select(template => template.Parts.First(part => part.Expression is not null).Position.ToString()));
        Assert.Equal("index.html:2:11", page.Templates[0].Position.ToString());
    }

    [Theory]
    [InlineData("<p>\n {{ user </p>", "2:2: this '{{' has no '}}' | Close it with '}}'. To show two braces, write {{ '{{' }}.")]
    [InlineData("<p>{{ a {{ user }}</p>", "1:4: this '{{' has no '}}' | Close it with '}}'. To show two braces, write {{ '{{' }}.")]
    [InlineData("<p>{{ }}</p>", "1:4: this template is empty | Write an expression: {{ user }}. To show two braces, write {{ '{{' }}.")]
    [InlineData("<p>{{ user | uper }}</p>", "1:14: there is no filter 'uper' | Did you mean 'upper'?")]
    [InlineData("<p title='{{ user | raw }}'></p>", "1:21: the filter 'raw' is for text only | An attribute's or a field's value is no HTML: leave the filter out.")]
    [InlineData("<p>{{ user | default }}</p>", "1:14: the filter 'default' needs a text | Write {{ … | default:'nobody' }}.")]
    [InlineData("<p>{{ user | upper:3 }}</p>", "1:14: the filter 'upper' takes no value | Write {{ … | upper }}.")]
    [InlineData("<p>{{ user + }}</p>", "1:13: unexpected token ) | The code must be ES5: templates are ES5 expressions.")]
    [InlineData("<p>{{ don't }}</p>", "1:10: this string is not closed | The code must be ES5: templates are ES5 expressions.")]
    [InlineData("<p>{{ if (user) 1 }}</p>", "1:7: unexpected token if | The code must be ES5: templates are ES5 expressions.")]
    [InlineData("<p>{{ 1) + (2 }}</p>", "1:7: a template is one expression | Write what yields a value: {{ a ? b : c }}. Statements belong in a script.")]
    [InlineData("<p>{{ x => 1 }}</p>", "1:9: an arrow function is newer than ES5, and templates are ES5 expressions | Write 'function (x) { return …; }'.")]
    [InlineData("<p>{{ table('usrs').find(user) }}</p>", "1:13: there is no table 'usrs' | Did you mean 'users'?")]
    [InlineData("<p>{{ mjolnir.table('users').find(user).nme }}</p>", "1:41: table 'users' has no column 'nme' | Did you mean 'name'?")]
    [InlineData("<p>{{ cart.length }}</p>", "1:7: 'cart' is not known in a template | Templates see table, kv, user and JavaScript's own library; the page's variables and functions are out of reach.")]
    [InlineData("<p>{{ user = 1 }}</p>", "1:7: a template cannot change anything | Templates only read: put changes into a handler.")]
    [InlineData("<p {{ user }}>x</p>", "1:4: a template cannot stand here | Templates stand in text and in attributes' values: title=\"{{ … }}\".")]
    [InlineData("<{{ user }}>x", null)]
    [InlineData("<p{{ user }}>x", "1:3: a template cannot stand here | Templates stand in text and in attributes' values: title=\"{{ … }}\".")]
    [InlineData("<table>{{ user }}<tr><td>{{ user }}</table>", "1:8: browsers move text out of a table if it stands in no cell | Put it into a <td>; for whole rows write <tbody>{{ … | raw }}</tbody>.")]
    [InlineData("<table>\n{{ user | raw }}</table>", "2:1: the rows of a table need an element around them | Write <tbody>{{ … | raw }}</tbody>.")]
    [InlineData("<p data-m=1 title={{ user }}>", "1:4: 'data-m' is the system's own attribute | Choose another name: data-mark.")]
    [InlineData("<p title='&lt;{{ user & }}'>", "1:24: unexpected token ) | The code must be ES5: templates are ES5 expressions.")]
    public void Mistakes_are_told_with_line_column_and_hint(string html, string? expected) =>
        Assert.Equal(expected is null ? [] : ["index.html:" + expected], TestFolder.Mistakes(html));
}
