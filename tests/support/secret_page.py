"""A page full of secrets, each a word that occurs nowhere else."""

import base64
from dataclasses import dataclass, field


@dataclass
class Secrets:
    """Words that occur nowhere else, each with the place it was put in."""

    places: dict[str, str] = field(default_factory=dict)

    def __call__(self, place: str) -> str:
        word = f"zq{len(self.places)}secret"
        self.places[word] = place
        return word

    def found_in(self, sent: str) -> list[str]:
        return [place for word, place in self.places.items() if word in sent]


INPUT_TYPES = """
    text password email tel search url hidden number range date time month week color checkbox
    radio submit button reset image file
"""
ATTRIBUTES = """
    title alt aria-label aria-description aria-valuetext aria-placeholder name for value label
    placeholder data-user content summary abbr cite download ping srcset action formaction
    longdesc itemid itemprop headers accesskey autocomplete pattern list form onclick xyz rr_src
    rr_dataurl
"""
ADDRESSES = """
    a.href area.href img.src iframe.data-src video.poster video.src audio.src source.src
    track.src object.data embed.src form.action button.formaction body.background
    table.background blockquote.cite
"""


def page_of_secrets(secret: Secrets) -> str:
    inputs = "".join(
        f'<input id="in-{kind}" type="{kind}" value="{secret(f"value of input {kind}")}" '
        f'placeholder="{secret(f"placeholder of input {kind}")}" '
        f'src="/{secret("image input")}.png">'
        for kind in INPUT_TYPES.split()
        if kind != "file"
    )
    attributes = "".join(
        f'<{tag} {name}="{secret(f"{name} of {tag}")}">x</{tag}>'
        for tag in (
            "div",
            "a",
            "img",
            "form",
            "option",
            "td",
            "svg",
            "li",
            "button",
            "meter",
            "x-own",
        )
        for name in ATTRIBUTES.split()
    )
    addresses = "".join(
        f'<{tag} {name}="/{secret(f"path in {name} of {tag}")}'
        f"?{secret(f'query in {name} of {tag}')}"
        f'#{secret(f"hash in {name} of {tag}")}"></{tag}>'
        for tag, name in (place.split(".") for place in ADDRESSES.split())
    )
    svg = base64.b64encode(
        f"<svg><text>{secret('text in an image')}</text></svg>".encode()
    ).decode()
    return f"""
      <h1>{secret("heading")}</h1><p>{secret("paragraph")} <b>{secret("bold")}</b></p>
      <!-- {secret("comment")} -->
      <div contenteditable id="editable">{secret("contenteditable")}</div>
      <textarea id="area" placeholder="{secret("textarea placeholder")}"
        >{secret("textarea")}</textarea>
      <select id="select"><optgroup label="{secret("optgroup label")}">
        <option value="{secret("option value")}">{secret("option")}</option>
        <option selected value="{secret("selected value")}">{secret("selected option")}</option>
      </optgroup></select>
      <datalist id="list"><option value="{secret("datalist")}"></datalist>
      <input type="file" id="file">
      {inputs}{attributes}{addresses}
      <svg viewBox="0 0 10 10"><title>{secret("svg title")}</title><desc>{secret("svg desc")}</desc>
        <text>{secret("svg text")} <tspan>{secret("tspan")}</tspan></text>
        <image href="/{secret("svg image")}.png"/><a xlink:href="/{secret("svg link")}"></a>
        <foreignObject><p>{secret("foreignObject")}</p></foreignObject></svg>
      <math><mi>{secret("math")}</mi></math>
      <div style="background: url('/{secret("url in style")}.png?{secret("query in style")}');
        --own: '{secret("custom property")}'">styled</div>
      <div style='content: "{secret("unclosed text in style")}'>styled badly</div>
      <style>
        /* {secret("comment in css")} */
        #styled::before {{ content: "{secret("content in css")}"; }}
        #styled::after {{ content: '{secret("single quotes in css")}' attr(data-user); }}
        .x {{ background: url(/img.png?{secret("query in css")}); }}
        [data-user="{secret("selector in css")}"] {{ color: red; }}
        :root {{ --text: "{secret("variable in css")}"; }}
      </style>
      <img src="data:image/svg+xml;base64,{svg}">
      <img srcset="/{secret("srcset")}.png 1x, /b.png?{secret("srcset query")} 2x"
        width="20" height="20">
      <script>window.known = "{secret("inline script")}";</script>
      <script type="application/json">{{"token": "{secret("json script")}"}}</script>
      <noscript>{secret("noscript")}</noscript>
      <template>{secret("template")}</template>
      <details><summary>{secret("summary")}</summary>{secret("details")}</details>
      <div data-vigie-block><p>{secret("blocked")}</p><img alt="{secret("blocked alt")}"></div>
      <div id="host"></div>
      <iframe id="frame" srcdoc="<title>{secret("title in a frame")}</title><p>{secret("frame")}</p>
        <input value='{secret("input in a frame")}'>"></iframe>
      <a href="mailto:{secret("mail")}@example.test">mail</a>
      <a href="javascript:void('{secret("javascript link")}')">run</a>
      <div data-vigie-unmask><p id="open">OPENTEXT
        <i data-vigie-mask>{secret("masked in unmasked")}</i></p>
        <input type="password" id="open-password" value="{secret("password in unmasked")}">
        <input type="hidden" value="{secret("hidden in unmasked")}">
        <input autocomplete="cc-number" value="{secret("card in unmasked")}">
        <img src="/logo.png?{secret("image query in unmasked")}"
          alt="{secret("alt in unmasked")}">
        <a href="/{secret("link in unmasked")}?{secret("link query in unmasked")}">OPENLINK</a>
        <span data-token="{secret("data in unmasked")}" title="{secret("title in unmasked")}">
          OPENSPAN</span>
      </div>
    """


def head_of_secrets(secret: Secrets) -> str:
    return f"""
      <title>{secret("title")}</title>
      <meta name="description" content="{secret("meta")}">
      <meta property="og:title" content="{secret("og")}">
      <meta name="csrf-token" content="{secret("csrf")}">
      <link rel="canonical" href="/{secret("canonical")}?{secret("canonical query")}">
      <link rel="icon" href="/favicon.ico?{secret("icon query")}">
      <link rel="preload" as="image" href="/{secret("preload")}.png">
      <base target="{secret("base")}">
    """


SHADOW = """words => {
    const root = document.querySelector('#host').attachShadow({mode: 'open'});
    root.append(words[0]);
    root.innerHTML +=
        `<p>${words[1]}</p><input value="${words[2]}" title="${words[3]}"><slot></slot>`;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`p::before { content: "${words[4]}" }`);
    root.adoptedStyleSheets = [sheet];
    sheet.insertRule(`p::after { content: "${words[5]}" }`);
    window.root = root;
}"""

LATER = """words => {
    const [text, data, attribute, title, href, name, placeholder, added, comment, style, rule,
        property, value, html, alt, shadow, shown, frame, moved, background] = words;
    const p = document.querySelector('p'), box = document.createElement('div');
    p.firstChild.data = text;
    document.querySelector('#editable').firstChild.appendData(data);
    p.setAttribute('data-later', attribute);
    document.title = title;
    document.querySelector('a').href = '/' + href;
    document.querySelector('#in-text').name = name;
    document.querySelector('#in-text').placeholder = placeholder;
    box.innerHTML = `<p title="${added}">${added}<textarea>${added}</textarea>
        <input value="${added}"></p>`;
    box.append(document.createComment(comment), new Text(comment));
    document.body.append(box);
    p.style.setProperty('--later', `"${style}"`);
    p.style.backgroundImage = `url(/${background}.png)`;
    const sheet = document.querySelector('style').sheet;
    sheet.insertRule(`p::after { content: "${rule}" }`);
    sheet.cssRules[0].style.setProperty('content', `"${property}"`);
    document.querySelector('#in-email').setAttribute('value', value);
    document.querySelector('style').append(`b::after { content: "${html}" }`);
    document.querySelector('img').alt = alt;
    root.querySelector('p').textContent = shadow;
    root.append(shadow);
    document.querySelector('#open-password').type = 'text';
    document.querySelector('#open-password').value = shown;
    document.querySelector('#frame').contentDocument.body.append(frame);
    document.querySelector('#area').firstChild.data = moved;
    document.querySelector('#area').value = moved;
    document.querySelector('#in-tel').value = moved;
    document.querySelector('#open').append(' OPENLATER');
}"""
