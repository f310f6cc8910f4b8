namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>
/// Functions that code in an event attribute may call though no script defines them: the window's, and those of the element, its form and
/// the document, which are in scope there (HTML standard, "getting the current value of the event handler").
/// </summary>
internal static class BrowserNames
{
    private static readonly HashSet<string> Functions =
    [
        "alert", "confirm", "prompt", "print", "open", "close", "stop", "focus", "blur", "scroll", "scrollTo", "scrollBy", "moveTo", "moveBy", "resizeTo",
        "resizeBy", "setTimeout", "setInterval", "clearTimeout", "clearInterval", "requestAnimationFrame", "cancelAnimationFrame", "queueMicrotask",
        "requestIdleCallback", "fetch", "postMessage", "getComputedStyle", "getSelection", "matchMedia", "structuredClone", "reportError", "atob", "btoa",
        "createImageBitmap", "addEventListener", "removeEventListener", "dispatchEvent", "eval", "parseInt", "parseFloat", "isNaN", "isFinite",
        "encodeURIComponent", "decodeURIComponent", "encodeURI", "decodeURI", "escape", "unescape", "String", "Number", "Boolean", "Array", "Object", "Date",
        "RegExp", "Function", "Error", "Symbol", "BigInt", "Promise", "Map", "Set",
        "submit", "requestSubmit", "reset", "checkValidity", "reportValidity", "setCustomValidity", "select", "setSelectionRange", "setRangeText", "stepUp",
        "stepDown", "showPicker", "click", "remove", "append", "prepend", "before", "after", "replaceWith", "replaceChildren", "closest", "matches",
        "querySelector", "querySelectorAll", "getAttribute", "setAttribute", "removeAttribute", "hasAttribute", "toggleAttribute", "getElementById",
        "getElementsByClassName", "getElementsByName", "getElementsByTagName", "createElement", "createTextNode", "appendChild", "removeChild", "insertBefore",
        "replaceChild", "cloneNode", "contains", "insertAdjacentHTML", "insertAdjacentText", "insertAdjacentElement", "scrollIntoView", "animate", "show",
        "showModal", "showPopover", "hidePopover", "togglePopover", "requestFullscreen", "exitFullscreen", "play", "pause", "load", "item", "namedItem", "add",
        "write", "writeln", "execCommand", "toString", "valueOf", "hasOwnProperty", "getBoundingClientRect", "normalize",
    ];

    public static bool Has(string name) => Functions.Contains(name);
}
