/**
 * Attributes that say how an element looks, and nothing about anybody. All others are masked or left
 * out; class, id, style, value and addresses each have a rule of their own, see attributes.ts.
 */

const HTML =
  "type rel media width height rowspan colspan span dir lang hidden disabled readonly multiple size rows " +
  "cols wrap align valign border cellpadding cellspacing bgcolor color face nowrap open role tabindex start " +
  "reversed contenteditable inert slot part popover controls loop muted frameborder scrolling noshade " +
  "aria-hidden aria-expanded aria-selected aria-disabled aria-busy aria-pressed aria-current aria-orientation " +
  "aria-sort aria-modal";

const SVG =
  "xmlns version viewbox preserveaspectratio d x y x1 y1 x2 y2 cx cy r rx ry dx dy fx fy points pathlength " +
  "transform opacity fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap " +
  "stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset color-interpolation-filters clip-path " +
  "clip-rule clippathunits mask maskunits maskcontentunits filter filterunits marker-start marker-mid " +
  "marker-end markerwidth markerheight markerunits orient refx refy gradientunits gradienttransform " +
  "spreadmethod offset stop-color stop-opacity patternunits patterntransform patterncontentunits " +
  "font-family font-size font-weight font-style text-anchor dominant-baseline alignment-baseline " +
  "letter-spacing word-spacing textlength lengthadjust rotate visibility display overflow vector-effect " +
  "shape-rendering text-rendering image-rendering paint-order in in2 result stddeviation operator mode " +
  "values flood-color flood-opacity k1 k2 k3 k4 radius scale";

/** Written by the recorder itself. */
const RECORDER =
  "rr_width rr_height rr_scrollleft rr_scrolltop rr_open_mode rr_mediastate rr_mediacurrenttime " +
  "rr_mediaplaybackrate rr_mediamuted rr_medialoop rr_mediavolume";

/** In lower case. */
export const HARMLESS: ReadonlySet<string> = new Set(`${HTML} ${SVG} ${RECORDER}`.split(" "));
