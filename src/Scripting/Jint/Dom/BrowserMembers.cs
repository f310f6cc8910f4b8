namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>
/// Names that browsers have and the server cannot answer truthfully. Using one ends the run with a clear error; any other unknown name is undefined,
/// as it is in the browser, so that testing for a feature works.
/// </summary>
internal static class BrowserMembers
{
    public static readonly HashSet<string> OfElements =
    [
        "parentNode", "parentElement", "children", "childNodes", "childElementCount", "firstElementChild", "lastChild", "lastElementChild", "nextSibling",
        "nextElementSibling", "previousSibling", "previousElementSibling", "ownerDocument", "outerHTML", "attributes", "offsetWidth", "offsetHeight",
        "offsetTop", "offsetLeft", "offsetParent", "clientWidth", "clientHeight", "clientTop", "clientLeft", "scrollTop", "scrollLeft", "scrollHeight",
        "scrollWidth", "shadowRoot", "files", "valueAsNumber", "valueAsDate", "validity", "validationMessage", "selectionStart", "selectionEnd",
        "selectedOptions", "labels", "isConnected", "nodeValue", "cssText",
    ];

    public static readonly HashSet<string> OfDocument =
    [
        "documentElement", "head", "cookie", "title", "images", "links", "scripts", "activeElement", "referrer", "domain", "anchors", "all", "styleSheets",
        "defaultView", "implementation", "fonts", "hidden", "visibilityState",
    ];

    public static readonly string[] Globals =
    [
        "setTimeout", "setInterval", "setImmediate", "requestAnimationFrame", "queueMicrotask", "fetch", "XMLHttpRequest", "WebSocket", "EventSource", "Worker",
        "localStorage", "sessionStorage", "indexedDB", "navigator", "history", "screen", "performance", "crypto", "Image", "Audio", "FormData",
        "URL", "URLSearchParams", "FileReader", "Blob", "MutationObserver", "IntersectionObserver", "ResizeObserver", "matchMedia", "getComputedStyle",
        "open", "close", "print", "scrollTo", "scrollBy", "postMessage", "getSelection", "Notification", "Promise", "Symbol", "Proxy", "Reflect",
        "WeakMap", "WeakSet", "Intl", "btoa", "atob", "structuredClone", "CustomEvent", "Event", "DOMParser", "innerWidth", "innerHeight", "top", "parent", "frames",
    ];
}
