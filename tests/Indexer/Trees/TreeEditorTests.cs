using FsCheck;
using FsCheck.Fluent;
using Mjolnir.Core;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Indexer.Tests.Trees;

public class TreeEditorTests
{
    private const int Days = 16;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tree_answers_as_a_plain_list_does(bool isDescending) => Prop.ForAll(Histories.Of(steps: 14, size: 60), history =>
    {
        var model = new TreeModel(isDescending, TreeModel.Small);
        foreach (var step in history)
        {
            model.Step(Items(model, step));
            model.Check();
            model.Pages.Settle();
            model.Check();
        }

        for (var from = 0; from <= Days; from += 3)
        {
            for (var to = from; to <= Days + 1; to += 4)
            {
                CompareRange(model, from, to);
                CompareTop(model, from, to);
            }
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    [Fact]
    public void A_step_that_is_taken_back_changes_nothing_and_a_reader_of_the_old_root_sees_the_old_tree()
    {
        var model = new TreeModel(isDescending: false, TreeModel.Small);
        model.Step(Enumerable.Range(0, 300).ToDictionary(id => id, id => (Item?)new Item(id, id % Days, id, id)));
        model.Pages.Settle();
        var (root, pages, bytes) = (model.Root, model.Pages.Count, model.Pages.Bytes);
        var before = TreeAudit.Entries(model.Pages, model.Shape, root, TreeModel.Small, []).Select(e => Convert.ToHexString(e.Key)).ToList();

        model.Step(Enumerable.Range(0, 200).ToDictionary(id => id, id => id % 3 == 0 ? null : (Item?)new Item(id, (id + 5) % Days, -id, id)));

        Assert.NotEqual(root, model.Root);
        Assert.Equal(before, TreeAudit.Entries(model.Pages, model.Shape, root, TreeModel.Small, []).Select(e => Convert.ToHexString(e.Key)));
        model.Pages.Undo();
        Assert.Equal((pages, bytes), (model.Pages.Count, model.Pages.Bytes));
        Assert.Equal(before, TreeAudit.Entries(model.Pages, model.Shape, root, TreeModel.Small, []).Select(e => Convert.ToHexString(e.Key)));
    }

    [Fact]
    public void Taking_out_what_is_not_there_is_a_broken_rule()
    {
        var pages = new PageSet(term: 1);
        var editor = new TreeEditor(new TreeShape([], null, 0), pages, PageSizes.Usual);
        var root = editor.Apply(TreeRoot.Empty, [new TreeChange([1], [])]);

        Assert.Throws<InvariantException>(() => editor.Apply(root, [new TreeChange([2], null)]));
        Assert.Throws<InvariantException>(() => editor.Apply(TreeRoot.Empty, [new TreeChange([2], null)]));
    }

    [Fact]
    public void A_tree_that_is_emptied_again_has_no_pages()
    {
        var model = new TreeModel(isDescending: false, TreeModel.Small);
        model.Step(Enumerable.Range(0, 500).ToDictionary(id => id, id => (Item?)new Item(id, id % Days, id, id)));
        Assert.True(model.Height > 2);
        for (var id = 0; id < 500; id += 20)
        {
            model.Step(Enumerable.Range(id, 20).ToDictionary(one => one, _ => (Item?)null));
            model.Check();
            model.Pages.Settle();
        }

        Assert.True(model.Root.IsEmpty);
        Assert.Equal((0, 0L), (model.Pages.Count, model.Pages.Bytes));
    }

    [Fact]
    public void Entries_that_come_in_order_fill_their_pages()
    {
        var model = new TreeModel(isDescending: false, PageSizes.Usual);
        for (var day = 0; day < 3000; day += 10)
        {
            model.Step(Enumerable.Range(day, 10).ToDictionary(id => id, id => (Item?)new Item(id, id, id, id)));
            model.Pages.Settle();
        }

        model.Check();
        var leaves = TreeLeaves(model);
        Assert.All(leaves.SkipLast(1), leaf => Assert.InRange(leaf, IndexLimits.LeafBytes * 8 / 10, IndexLimits.LeafBytes));
    }

    private static List<int> TreeLeaves(TreeModel model)
    {
        var seen = new HashSet<PageId>();
        TreeAudit.Entries(model.Pages, model.Shape, model.Root, PageSizes.Usual, seen);
        return [.. seen.Select(id => model.Pages[id]).Where(page => page.IsLeaf).OrderBy(page => page.Key(0), TreeModel.Bytes.Instance).Select(page => page.Bytes.Length)];
    }

    private static Dictionary<int, Item?> Items(TreeModel model, int[] things)
    {
        var items = new Dictionary<int, Item?>();
        foreach (var thing in things)
        {
            var (id, rest) = (thing % 400, thing / 400);
            var (isLeaving, day) = (rest % 4 == 0, rest / 4 % Days);
            var (price, amount) = (rest / 64 % 30, (rest / 1920 % 2001) - 1000);
            var item = new Item(id, day, price == 0 ? null : price, amount % 9 == 0 ? null : amount);
            if (!isLeaving || model.Items.ContainsKey(id))
            {
                items[id] = isLeaving ? null : item;
            }
        }

        return items;
    }

    private static void CompareRange(TreeModel model, int from, int to)
    {
        var expected = model.Between(from, to).ToList();
        var range = TreeModel.Days(from, to);
        foreach (var skip in (int[])[0, 1, expected.Count / 2, expected.Count])
        {
            Assert.Equal(expected.Skip(skip).Take(20).Select(item => item.Id), model.Range(range, isBackward: false, skip, 20, out _));
            Assert.Equal(expected.AsEnumerable().Reverse().Skip(skip).Take(20).Select(item => item.Id), model.Range(range, isBackward: true, skip, 20, out _));
        }

        var sum = model.Sum(range, out var pages);
        Assert.Equal(expected.Count, sum.Count);
        Assert.Equal(new ColumnSum(expected.Sum(item => item.Amount ?? 0), expected.Count(item => item.Amount is not null)), sum.Sum);
        Assert.InRange(pages, 0, 2 * model.Height);
    }

    private static void CompareTop(TreeModel model, int from, int to)
    {
        var expected = model.BetweenByPrice(from, to).Select(item => item.Id).ToList();
        foreach (var limit in (int[])[1, 7, 20])
        {
            var found = new List<int>();
            var after = Array.Empty<byte>();
            while (true)
            {
                var places = model.Top(TreeModel.Days(from, to), after, limit, out _);
                found.AddRange(places.Select(model.IdOf));
                if (places.Count < limit)
                {
                    break;
                }

                after = places[^1];
            }

            Assert.Equal(expected, found);
        }
    }
}
