using Mjolnir.Scripting.Jint.Realms;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>What <c>Object.defineProperty</c> makes of an old property and a descriptor (ES5.1, 8.12.9).</summary>
internal static class PropertyRules
{
    /// <summary>Refuses what a property that is not configurable does not allow.</summary>
    public static void RequireAllowed(Realm realm, string key, in Slot old, Descriptor descriptor)
    {
        var refused = descriptor.Configurable == true
            || (descriptor.Enumerable is { } enumerable && enumerable != old.Enumerable)
            || (old.Accessor is { } accessor ? RefusedByAccessor(accessor, descriptor) : RefusedByData(old, descriptor));
        if (refused)
        {
            throw realm.TypeError($"Cannot redefine property: {key}");
        }
    }

    /// <summary>The value of the slot afterwards.</summary>
    public static JsValue Value(in Slot old, Descriptor descriptor)
    {
        var accessor = old.Accessor;
        if (descriptor.IsAccessor)
        {
            return JsValue.Marker(new Accessor(
                descriptor.HasGetter ? descriptor.Getter : accessor?.Getter,
                descriptor.HasSetter ? descriptor.Setter : accessor?.Setter));
        }

        return descriptor.Value ?? (accessor is not null && descriptor.IsData ? JsValue.Undefined : old.Value);
    }

    /// <summary>The attributes of the slot afterwards.</summary>
    public static Attributes Attributes(bool exists, in Slot old, Descriptor descriptor)
    {
        var becomesAccessor = descriptor.IsAccessor || (exists && old.Accessor is not null && !descriptor.IsData);
        var result = Bit(descriptor.Enumerable ?? old.Enumerable, Values.Attributes.Enumerable)
            | Bit(descriptor.Configurable ?? old.Configurable, Values.Attributes.Configurable);
        return becomesAccessor
            ? result | Values.Attributes.Accessor
            : result | Bit(descriptor.Writable ?? (old.Accessor is null && old.Writable), Values.Attributes.Writable);
    }

    private static bool RefusedByAccessor(Accessor old, Descriptor descriptor) =>
        descriptor.IsData
        || (descriptor.HasGetter && !ReferenceEquals(descriptor.Getter, old.Getter))
        || (descriptor.HasSetter && !ReferenceEquals(descriptor.Setter, old.Setter));

    private static bool RefusedByData(in Slot old, Descriptor descriptor) =>
        descriptor.IsAccessor
        || (!old.Writable && (descriptor.Writable == true || (descriptor.Value is { } value && !Operators.SameValue(value, old.Value))));

    private static Attributes Bit(bool on, Attributes attribute) => on ? attribute : Values.Attributes.None;
}
