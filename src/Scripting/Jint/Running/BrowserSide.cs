using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Dom;

namespace Mjolnir.Scripting.Jint.Running;

/// <summary>Members of <c>mjolnir</c> that only the browser has: pages may use them while they load and in code that stays in the browser.</summary>
internal static class BrowserSide
{
    private static readonly string[] Functions = ["signIn", "signUp", "signOut", "call", "run"];

    public static void Install(PageWorld world)
    {
        var mjolnir = world.Realm.Global.Get("mjolnir").Object!;
        foreach (var name in Functions)
        {
            mjolnir.Method(name, 1, (_, _, _) => world.Unsupported($"mjolnir.{name}()"));
        }
    }
}
