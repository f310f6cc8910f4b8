using System.Collections;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Mjolnir.Cli.Configuration;

/// <summary>Turns keys and values into records, strictly: the framework's binder passes over misspelt keys or does not say where they stand.</summary>
internal sealed class ConfigurationBinder(ConfigurationSources sources, ConfigurationMistakes mistakes)
{
    public StackConfiguration Bind() => (StackConfiguration)BindRecord(typeof(StackConfiguration), sources.Root, sources.Root.GetChildren())!;

    private object BindRecord(Type type, IConfiguration at, IEnumerable<IConfigurationSection> given)
    {
        var made = Activator.CreateInstance(type)!;
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
        foreach (var section in given)
        {
            if (Array.Find(properties, each => each.Name.Equals(section.Key, StringComparison.OrdinalIgnoreCase)) is not { } property)
            {
                mistakes.Wrong(section.Path, $"is no key of the configuration; known here: {string.Join(", ", properties.Select(each => each.Name))}");
            }
            else if (Value(property, section) is { } value)
            {
                property.SetValue(made, value);
            }
        }

        return made;
    }

    private object? Value(PropertyInfo property, IConfigurationSection section)
    {
        var type = property.PropertyType;
        return Element(type) is { } element ? List(property, element, section)
            : IsRecord(type) ? Record(type, section)
            : Scalar(property, type, section);
    }

    private object? Record(Type type, IConfigurationSection section)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            mistakes.Wrong(section.Path, "must be an object: { … }");
            return null;
        }

        return BindRecord(type, section, section.GetChildren());
    }

    /// <summary>Elements are named by their place; a list that is given at all replaces the usual one.</summary>
    private object? List(PropertyInfo property, Type element, IConfigurationSection section)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            mistakes.Wrong(section.Path, $"must be a list: [ … ], or {ConfigurationSources.Variable(section.Path)}__0=…");
            return null;
        }

        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
        foreach (var item in section.GetChildren())
        {
            if (!int.TryParse(item.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                mistakes.Wrong(item.Path, $"is no place in a list; the first is {section.Path}:0");
            }
            else if ((IsRecord(element) ? Record(element, item) : Scalar(property, element, item)) is { } value)
            {
                list.Add(value);
            }
        }

        return list;
    }

    private object? Scalar(PropertyInfo property, Type type, IConfigurationSection section)
    {
        if (section.GetChildren().Any())
        {
            mistakes.Wrong(section.Path, $"must be {Kind(type)}, not an object or a list");
            return null;
        }

        var text = section.Value ?? "";
        var value = Parse(type, text);
        if (value is null)
        {
            var shown = property.IsDefined(typeof(SecretAttribute)) ? "" : $" '{text}'";
            mistakes.Wrong(section.Path, $"must be {Kind(type)}; what is given{shown} is not");
        }

        return value is string path && path.Length > 0 && property.IsDefined(typeof(FilePathAttribute)) ? Path.GetFullPath(path, sources.FolderOf(section.Path)) : value;
    }

    private static object? Parse(Type type, string text) =>
        type == typeof(string) ? text
        : type == typeof(bool) ? (bool.TryParse(text, out var yes) ? yes : null)
        : type == typeof(double) ? (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null)
        : type.IsEnum && !text.All(char.IsAsciiDigit) && Enum.TryParse(type, text, ignoreCase: true, out var member) ? member
        : null;

    private static string Kind(Type type) =>
        type == typeof(string) ? "text"
        : type == typeof(bool) ? "true or false"
        : type == typeof(double) ? "a number"
        : "one of " + string.Join(", ", Enum.GetNames(type).Select(name => name.ToLowerInvariant()));

    private static Type? Element(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    private static bool IsRecord(Type type) => type.Namespace == typeof(StackConfiguration).Namespace && type.IsClass;
}
