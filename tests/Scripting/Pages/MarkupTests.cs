using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Mjolnir.Scripting.Pages;
using Mjolnir.Scripting.Tests.Applications;

namespace Mjolnir.Scripting.Tests.Pages;

public class MarkupTests
{
    [Theory]
    [InlineData("<!DOCTYPE html>\n<html>\n<head>\n<title>x</title></head><body>y</body></html>", "<!DOCTYPE html>\n<html>\n<head>|\n<title>x</title></head><body>y</body></html>")]
    [InlineData("<!doctype html><title>x</title>", "<!doctype html>|<title>x</title>")]
    [InlineData("<html lang=en><!-- c --> <HEAD class=a><title>x</title>", "<html lang=en><!-- c --> <HEAD class=a>|<title>x</title>")]
    [InlineData("<html lang=en><body>x", "<html lang=en>|<body>x")]
    [InlineData("<!-- c --><p>x", "|<!-- c --><p>x")]
    [InlineData("just text", "|just text")]
    [InlineData("", "|")]
    [InlineData("<title>x</title><head>", "|<title>x</title><head>")]
    public void What_the_page_carries_comes_first_in_the_head(string html, string expected)
    {
        var (_, page) = TestFolder.Page(html);
        var whole = page.Whole();
        var place = whole.IndexOf("<script type=\"application/json\"", StringComparison.Ordinal);
        Assert.Equal(expected, page.Text().Insert(place, "|"));
        var head = new HtmlParser().ParseDocument(whole).Head!;
        Assert.Equal("mjolnir-page", head.FirstElementChild!.Id);
        Assert.Equal("/_mjolnir/mjolnir.js", head.Children[1].GetAttribute("src"));
    }

    [Fact]
    public void The_manifest_cannot_end_its_script()
    {
        using var folder = TestFolder.With(("a<b&c.html", "<b id='</script><i>' onclick=\"mjolnir.now();1\">x</b>"));
        var page = folder.LoadRight().Pages.Values.Single();
        var document = new HtmlParser().ParseDocument(page.Whole());
        Assert.Contains("\"page\":\"/a\\u003Cb", page.Manifest());
        Assert.Null(document.QuerySelector("i"));
        Assert.Equal("return mjolnir.run(event,'a<b&c.html#</script><i>.click',[],this)", document.QuerySelector("b")!.GetAttribute("onclick"));
    }

    public static TheoryData<string> PlainPages() => [.. Written];

    internal static readonly string[] Written =
    [
        "<!DOCTYPE html>\r\n<html>\r\n<head>\r\n<meta charset=\"utf-8\">\r\n<title>Shop</title>\r\n</head>\r\n<body>\r\n<form onsubmit=\"return send()\">\r\n<input id=to>\r\n<input type=submit>\r\n</form>\r\n</body>\r\n</html>",
        "<form><p>Name <input name=who><p><button onclick=send()>Go</button></form>",
        "<TABLE BORDER=1 CELLPADDING=2><TR><TD onClick=\"send()\">a<TD>b<TR><TH>c</TABLE><FONT COLOR=red>old</FONT>",
        "<ul><li>one<li>two<ul><li onclick='send(this)'>three</ul></ul><dl><dt>a<dd>b</dl>",
        "<svg viewBox=\"0 0 9 9\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"><g onclick=\"send()\"><path d=\"M0 0\"/><use xlink:href=\"#a\"/></g><foreignObject><p>x</p></foreignObject></svg>",
        "<template id=row><tr onclick=\"send()\"><td>{{ user }}</td></tr></template><table><tbody></tbody></table>",
        "<p><b><i>mis</b>nested</i> <a href=x>one <a href=y>two</a> &copy &amp; &notit; &#x41; &lt;",
        "<pre>\n\n  keep\n</pre><textarea>\n\n keep </textarea><select><option>a<option selected>b<optgroup label=x><option>c</select>",
        "<script>if (1 < 2 && '</p>') { document.write('<p>x</p>') }</script><script>// <!-- x\nfunction send() { mjolnir.now(); }</script><p onclick=send()>x",
        "<!-- a --><!--[if IE]><p>ie</p><![endif]--><?php echo 1 ?><p>x</p><![CDATA[ x ]]><math><mi>x</mi></math>",
        "<p>Größe 日本語 🙂 עברית</p><p title=\"ñ {{ user }}\" onclick=\"send('ü')\">x</p>",
        "<frameset cols=*><frame src=a></frameset>",
        "<body bgcolor=red onload=send()><noscript><img src=x></noscript><iframe srcdoc=\"<p>x\"></iframe><input disabled value=\"a'b\" data-x='a\"b'>",
        "<div class=a class=b id=x onclick=\"send()\" onclick=\"other()\">dup</div></div></p><br/><br></br><hr>",
        "<p>a < b and c > d & e &&amp; <3 {{ user }} <",
        "<title>a</title>text<head><body class=x><html lang=de><body onclick=send()>",
        "<a href=x",
        "<p title=\"never closed>text",
    ];

    [Theory]
    [MemberData(nameof(PlainPages))]
    public void A_plain_page_means_the_same_to_a_browser(string html)
    {
        html += html.Contains("function send", StringComparison.Ordinal) ? "" : "<script src=send.js></script>";
        using var folder = TestFolder.With(("index.html", html), ("send.js", "function send() { mjolnir.now(); } function other() { }"));
        var result = folder.Load();
        Assert.Empty(result.Diagnostics);
        Assert.Equal(Meaning(html), Meaning(AsWritten(result.Application!.Pages["/index.html"])));
    }

    // The page with each template's own text for its value.
    private static string AsWritten(Page page)
    {
        var text = page.Text();
        foreach (var template in page.Templates)
        {
            text = text.Replace($"[{template.Index}]", string.Concat(template.Parts.Select(part => part.Literal ?? "{{ user }}")));
        }

        return text;
    }

    // The tree as a browser sees it, without the marks of templates and with event code blanked.
    private static string Meaning(string html)
    {
        var text = new StringBuilder();
        Describe(new HtmlParser().ParseDocument(html.ReplaceLineEndings("\n")), text);
        return text.ToString();
    }

    private static void Describe(INode node, StringBuilder text)
    {
        foreach (var child in node.ChildNodes)
        {
            switch (child)
            {
                case IElement element:
                    text.Append('<').Append(element.NodeName);
                    foreach (var attribute in element.Attributes.Where(attribute => attribute.Name != "data-m"))
                    {
                        text.Append(' ').Append(attribute.Name).Append('=').Append(attribute.Name.StartsWith("on", StringComparison.Ordinal) ? "code" : attribute.Value);
                    }

                    text.Append('>');
                    Describe(child is IHtmlTemplateElement template ? template.Content : child, text);
                    text.Append("</>");
                    break;
                case IComment { Data: not ("/m" or ['m', ':', ..]) } comment:
                    text.Append("<!").Append(comment.Data).Append('>');
                    break;
                case IText words:
                    text.Append(words.Data);
                    break;
            }
        }
    }
}
