/// What a browser does with an element.
enum MarkupElement: UInt8, Sendable {
    /// Its content or source is code.
    case script
    /// Loads or shows a foreign document, changes how the page's addresses are read, or opens another language.
    case active
    /// Ends a part of the page whose text is not markup: where an injection leaves the place it was put into.
    case rawText

    static let table = WordTable<MarkupElement>([
        (.script, "script"),
        (
            .active,
            "iframe frame frameset object embed applet base meta link svg math style isindex bgsound layer ilayer portal foreignobject animate animatetransform animatemotion handler xml vmlframe import fencedframe"
        ),
        (.rawText, "title textarea noscript xmp noembed template plaintext select listing"),
    ])
}

/// What a browser does with an attribute's value.
enum MarkupAttribute: UInt8, Sendable {
    case address
    case document
    case style

    static let table = WordTable<MarkupAttribute>([
        (
            .address,
            "href src action formaction data xlink:href background poster code codebase lowsrc dynsrc from to values by archive classid cite longdesc usemap manifest ping profile srcset content folder"
        ),
        (.document, "srcdoc"),
        (.style, "style"),
    ])

    /// The middles of event handlers' names, after `on`. A page's own attributes may begin with these letters too
    /// (`online`, `once`), so a name that is not here needs a value that looks like code.
    static let events = WordTable<Bool>([
        (
            true,
            "abort activate afterprint afterscriptexecute afterupdate animationcancel animationend animationiteration animationstart auxclick beforeactivate beforecopy beforecut beforedeactivate beforeeditfocus beforeinput beforematch beforepaste beforeprint beforescriptexecute beforetoggle beforeunload begin blur bounce cancel canplay canplaythrough cellchange change click close contentvisibilityautostatechange contextmenu controlselect copy cuechange cut dataavailable datasetchanged datasetcomplete dblclick deactivate drag dragend dragenter dragexit dragleave dragover dragstart drop durationchange emptied end ended error errorupdate filterchange finish focus focusin focusout formdata fullscreenchange fullscreenerror gesturechange gestureend gesturestart gotpointercapture hashchange help input invalid keydown keypress keyup languagechange layoutcomplete load loadeddata loadedmetadata loadend loadstart location losecapture lostpointercapture message messageerror mousedown mouseenter mouseleave mousemove mouseout mouseover mouseup mousewheel move moveend movestart offline online orientationchange outofsync page pagehide pagereveal pageshow pageswap paste pause play playing pointercancel pointerdown pointerenter pointerleave pointermove pointerout pointerover pointerrawupdate pointerup popstate progress propertychange ratechange readystatechange rejectionhandled repeat reset resize resizeend resizestart resume reverse rowdelete rowenter rowexit rowinserted scroll scrollend scrollsnapchange search securitypolicyviolation seek seeked seeking select selectionchange selectstart show slotchange stalled start stop storage submit suspend syncrestored timeerror timeupdate toggle touchcancel touchend touchmove touchstart trackchange transitioncancel transitionend transitionrun transitionstart unhandledrejection unload urlflip volumechange waiting webkitanimationend webkitanimationiteration webkitanimationstart webkitmouseforcechanged webkitmouseforcedown webkitmouseforceup webkitmouseforcewillbegin webkitplaybacktargetavailabilitychanged webkittransitionend webkitwillrevealbottom wheel zoom"
        )
    ])
}
