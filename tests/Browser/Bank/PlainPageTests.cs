namespace Mjolnir.Browser.Tests.Bank;

/// <summary>Pages in other plain styles, unchanged, at a real server.</summary>
public sealed class PlainPageTests(Chromium chromium) : ServerTest(chromium)
{
    private const string Tables = """{"name":"notes","tables":{"notes":{"key":"id","columns":{"id":"string","text":"string","count":"integer"}}}}""";

    [Fact]
    public async Task A_submit_button_runs_its_handler_and_then_reloads_the_page_as_forms_do()
    {
        await ServeAsync(Write(
            ("mjolnir.json", Tables),
            ("index.html", """
                <!DOCTYPE html><title>Notes</title><script src="notes.js"></script>
                <form><input name="text" id="text"><button id="save" onclick="save();">Save</button></form>
                <p id="shown">{{ table('notes').find(user).text }}</p>
                """),
            ("notes.js", """
                function save() {
                  var text = document.getElementById('text').value;
                  var note = mjolnir.table('notes').find(mjolnir.user);
                  if (note) note.text = text; else mjolnir.table('notes').insert({ id: mjolnir.user, text: text, count: 0 });
                }
                """)));
        var page = await SignInAsync("alice");
        await page.FillAsync("#text", "hello <world>");
        await page.ClickAsync("#save");
        await page.WaitForFunctionAsync("location.search === '?text=hello+%3Cworld%3E'");
        await ShouldShowAsync(page, "#shown", "hello <world>");
    }

    [Fact]
    public async Task Listeners_named_and_anonymous_globals_and_page_changes_work_together()
    {
        await ServeAsync(Write(
            ("mjolnir.json", Tables),
            ("index.html", """
                <!DOCTYPE html><html><head><title>Notes</title></head><body>
                <button id="add">Add</button> <button id="local">Local</button> <select id="pick"><option value="1">One<option value="5">Five</select>
                <ul id="list"></ul><p id="out" class="idle">nothing yet</p><p id="total">{{ table('notes').find('total').count }}</p>
                <script>
                  var clicks = 0;
                  function add(event) {
                    var step = Number(document.getElementById('pick').value);
                    var row = mjolnir.table('notes').find('total');
                    if (row) row.count += step; else mjolnir.table('notes').insert({ id: 'total', text: '', count: step });
                    clicks++;
                    document.getElementById('list').innerHTML += '<li>' + event.type + ' ' + step + '</li>';
                    document.getElementById('out').textContent = 'clicks: ' + clicks;
                    document.getElementById('out').classList.remove('idle');
                  }
                  document.getElementById('add').addEventListener('click', add);
                  document.getElementById('pick').addEventListener('change', function () {
                    document.getElementById('out').textContent = 'now ' + (mjolnir.table('notes').find('total') ? 'some' : 'none');
                  });
                  document.getElementById('local').addEventListener('click', function () { document.getElementById('out').textContent = 'local ' + clicks; });
                </script></body></html>
                """)));
        var page = await SignInAsync("alice");
        await page.SelectOptionAsync("#pick", "5");
        await ShouldShowAsync(page, "#out", "now none");
        await page.ClickAsync("#add");
        await ShouldShowAsync(page, "#out", "clicks: 1");
        await page.ClickAsync("#add");
        await ShouldShowAsync(page, "#total", "10");
        await ShouldShowAsync(page, "#list", "click 5click 5");
        await page.ClickAsync("#local");
        await ShouldShowAsync(page, "#out", "local 2");
        Assert.Equal("", await page.GetAttributeAsync("#out", "class"));
    }
}
