// What the browser does: draw figures, carry choices to the server, keep the address and drafts.
"use strict"
window.qiEquity = (() => {
  const plots = new Map() // figure name -> its element, kept when the page around it changes
  const waiting = []
  let send = null
  let asked = 0
  let chosen = 0 // the newest message of somebody's choice: what a page asks by itself is none
  let pending = false // whether its answer is still to come
  const byId = (id) => document.getElementById(id)
  const colours = JSON.parse(byId("colours").textContent)
  const words = JSON.parse(byId("words").textContent)
  const forms = new Intl.PluralRules(document.documentElement.lang)

  // Months and numbers of charts are written as everywhere else on the page.
  const locale = document.documentElement.lang
  const spoken = {
    locale,
    locales: {
      [locale]: {
        dictionary: {},
        format: {
          months: words.months_in_full.split(" "),
          shortMonths: words.months.split(" "),
          decimal: words.decimal,
          thousands: words.thousands,
        },
      },
    },
  }

  // A text of the catalogue's `script` file, with its fields filled in.
  function say(name, fields = {}) {
    const text = words[name]
    const form = typeof text === "string" ? text : text[forms.select(fields.count)] || text.other
    return form.replace(/{(\w+)}/g, (_, field) => fields[field])
  }

  // ---------------------------------------------------------------- figures
  const dark = () => {
    const chosen = document.documentElement.dataset.theme
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches
  }
  const recolour = (text, on) =>
    on ? text.replace(/#[0-9a-f]{6}/g, (colour) => colours[colour]?.dark || colour) : text

  // A slide gives its figure all the height there is, and letters that are read across a room.
  const LETTERS = 18 // pixels
  const wide = matchMedia("(min-width: 64rem)")
  function enlarge(part) {
    for (const [name, value] of Object.entries(part)) {
      if (!value || typeof value !== "object") continue
      if (name === "font" || name === "tickfont") value.size = Math.max(LETTERS, value.size || 0)
      else enlarge(value)
    }
  }
  function forTheRoom(layout) {
    enlarge(layout)
    Object.assign(layout.margin, { l: 76, b: 44 })
    layout.meta.across = 0.07
    for (const name in layout) if (name.startsWith("xaxis")) layout[name].nticks = 4
  }

  // Nothing is drawn twice: not what stands as it is asked for, whatever changed around it.
  function draw(element, printing = false) {
    const place = element.parentNode
    delete element.dataset.stale
    if (!window.Plotly || !element.figureText) return
    if (element.hidden) place.replaceChildren(element) // the sketch has done its work
    element.hidden = false
    const text = recolour(element.figureText, !printing && dark())
    const width = printing ? 680 : place.clientWidth
    const slide = wide.matches && !printing && element.closest("[data-fill]")
    const stands = [text, width, printing, slide && slide.clientHeight].join("|")
    if (stands === element.stands) return
    element.stands = stands
    const figure = JSON.parse(text)
    const fills = slide && figure.layout.meta?.fill
    if (fills) forTheRoom(figure.layout)
    window.qiSketch.arrange(figure.layout, width, fills ? slide.clientHeight : 0)
    figure.layout.autosize = !printing
    if (printing) figure.layout.width = width
    const settings = { displayModeBar: false, responsive: true, ...spoken }
    Plotly.react(element, figure.data, figure.layout, settings).then(() => {
      performance.mark("qi-drawn")
      element.drawnWidth = width
      element.dataset.drawn = String(Number(element.dataset.drawn || 0) + 1)
    })
  }

  // All figures are sketched at once. The one that is read first is drawn as soon as they are
  // painted, then the others, as many at a time as keep no click waiting. A later answer begins
  // anew; what cannot be sketched is pale until its turn comes, for it is of another choice.
  const AT_A_TIME = 50 // milliseconds: a longer task is felt
  let turns = 0
  function drawAll(figures, then = () => {}) {
    // Whether this is a slide decides how much room its figure has.
    document.body.classList.toggle("presenting", Boolean(document.querySelector("[data-present]")))
    const places = [...document.querySelectorAll("[data-figure]")]
    const changed = places.filter((place) => {
      const text = figures[place.dataset.figure]
      return text && (text !== plotOf(place).figureText || plotOf(place).hidden)
    })
    const turn = ++turns
    for (const place of places) if (!changed.includes(place)) place.replaceChildren(plotOf(place))
    const left = places.map(plotOf)
    const next = (until = 0) => {
      if (turn !== turns) return
      do {
        if (left.length) draw(left.shift())
      } while (left.length && performance.now() < until)
      if (left.length) window.qiSketch.painted(() => next(performance.now() + AT_A_TIME))
      else then()
    }
    const bare = changed.filter((place) => !place.firstChild) // a page that has just come is sketched
    window.qiSketch.all(bare, figures, next)
    for (const place of changed) {
      const element = plotOf(place)
      element.figureText = figures[place.dataset.figure]
      element.dataset.stale = "yes"
      element.hidden = Boolean(place.firstChild)
      place.append(element)
    }
  }
  function plotOf(place) {
    const name = place.dataset.figure
    if (!plots.has(name)) {
      plots.set(name, Object.assign(document.createElement("div"), { className: "plot" }))
    }
    return plots.get(name)
  }
  const redraw = (printing) => {
    for (const element of plots.values()) if (element.isConnected) draw(element, printing)
  }

  // ---------------------------------------------------------------- talking to the server
  function ask(message) {
    asked += 1
    message.number = asked
    if (!message.quiet) {
      performance.mark("qi-asked")
      chosen = asked
      pending = true
      byId("main").setAttribute("aria-busy", "true")
    }
    if (send) send(message)
    else waiting.push(message)
    return asked
  }

  // A question before anything is saved: its answer comes back with nothing of the page changed.
  const looking = new Map()
  function look(name, fields) {
    asked += 1
    const message = { look: name, fields, address: location.search, number: asked, quiet: true }
    if (send) send(message)
    else waiting.push(message)
    return new Promise((answered) => looking.set(message.number, answered))
  }

  // A form that was sent can be sent again once there is an answer, or no connection to bring one.
  const answered = () => document.querySelectorAll("form[data-sent]")
    .forEach((form) => { delete form.dataset.sent })

  // What would be done is shown with the form that does it, which says what was seen.
  async function lookedAt(asking) {
    if (asking.dataset.sent) return
    asking.dataset.sent = "yes"
    const name = asking.dataset.look
    const answer = await look(name, {})
    delete asking.dataset.sent
    const form = document.querySelector(`form[data-looked="${name}"]`)
    if (!form) return
    if (answer.problems) return problems(answer.problems, "")
    byId("problems").hidden = true
    form.hidden = false
    form.querySelector(".account").textContent = answer.found.account.join("\n")
    form.elements.seen.value = answer.found.seen
  }

  function receive(answer) {
    if (looking.has(answer.number)) {
      looking.get(answer.number)(answer)
      return void looking.delete(answer.number)
    }
    if (!answer.quiet && answer.number === chosen) pending = false
    if (!answer.quiet) answered()
    const late = answer.number < chosen // a later choice is on its way
    if (answer.done) window.qiWritten.kept(answer.number)
    if (answer.problems) window.qiWritten.refused(answer.number)
    if (window.qiKept.answered(answer, late)) return
    if (answer.problems && answer.quiet) return askAgain(true)
    if (late && (answer.done || answer.problems)) ended = answer // told on the page that comes
    if (late) return
    if (answer.problems) return problems(answer.problems)
    if (answer.quiet && (answer.same || inHand())) return askAgain(answer.waiting || !answer.same)
    const at = document.activeElement
    const focused = at && at.id
    const again = sameAs(at)
    const caret = typeof at?.selectionStart === "number" && [at.selectionStart, at.selectionEnd]
    const opened = [...document.querySelectorAll("main details[open][id]")].map((one) => one.id)
    const main = byId("main")
    const before = ended
    if (!answer.quiet) ended = null
    window.qiWritten.keep()
    const arrives = document.body.dataset.place !== answer.place
    main.innerHTML = answer.html
    document.body.dataset.place = answer.place
    window.qiWritten.put(arrives)
    main.removeAttribute("aria-busy")
    mark = answer.mark
    for (const id of opened) if (byId(id)) byId(id).open = true
    byId("nav").innerHTML = answer.nav
    if (answer.address && answer.address !== location.search && !answer.back) {
      const how = answer.quiet ? "replaceState" : "pushState"
      history[how](null, "", answer.address + (answer.hash || ""))
    }
    document.title = answer.title // of the new entry: the one before keeps its own
    drawAll(answer.figures)
    const target = answer.hash && main.querySelector(answer.hash)
    if (target) target.scrollIntoView()
    else if (focused && byId(focused)) byId(focused).focus({ preventScroll: true })
    else if (answer.moved || answer.back) {
      if (answer.moved) scrollTo(0, 0) // back and forward, the browser goes where one was
      main.querySelector("h1")?.focus({ preventScroll: true })
    } else again()?.focus({ preventScroll: true })
    if (!answer.quiet) byId("status").textContent = answer.status
    if (answer.done) notice(answer.done, "saved")
    if (before) byId("status").textContent = toldLate(before)
    if (answer.done && again.lost && document.activeElement === document.body) {
      main.querySelector(".saved").focus() // what was pressed is no longer there
    }
    dressed(answer.done)
    if (caret && document.activeElement.id === focused) document.activeElement.setSelectionRange(...caret)
    askAgain(answer.waiting)
  }

  // Where the focus was without a name of its own: the element that looks the same on the new page.
  function sameAs(at) {
    const looks = (one) => one.cloneNode().outerHTML + (one.matches("a, button, summary") ? one.textContent : "")
    const alike = (shown) => [...byId("main").querySelectorAll(at.tagName)].filter((one) => looks(one) === shown)
    if (!at || at === byId("main") || !byId("main").contains(at)) return () => null
    const shown = looks(at)
    const place = alike(shown).indexOf(at)
    return Object.assign(() => alike(shown)[place], { lost: true })
  }

  function notice(text, kind) {
    const said = document.createElement("p")
    Object.assign(said, { className: `banner notice ${kind}`, textContent: text, tabIndex: -1 })
    byId("main").querySelector("h1").after(said)
  }

  // How something ended that was sent before the page was left: it is told on the next one.
  let ended = null
  function toldLate({ done, problems: lines }) {
    const text = done || [say("not_saved"), ...lines].join(" ")
    notice(text, done ? "saved" : "refused")
    return text
  }

  // More is being worked out on the server: look again, often at first, without moving what is
  // being read. A choice goes first: nothing is asked while one is on its way, and its answer
  // begins anew.
  const OFTEN = 300, SELDOM = 4000 // milliseconds
  let wait = OFTEN
  let next = null
  let mark = document.body.dataset.mark // which answer stands on the page
  function askAgain(waiting) {
    clearTimeout(next)
    if (waiting) next = setTimeout(lookAgain, wait)
    wait = waiting ? Math.min(wait * 1.3, SELDOM) : OFTEN
  }

  function lookAgain() {
    if (pending) return
    if (inHand()) askAgain(true)
    else ask({ address: location.search, quiet: true, mark })
  }

  // Whether somebody is typing, choosing, or in the midst of a click: what is under their hand
  // must not be replaced.
  let pressed = false
  let opened = -Infinity // when a list was last opened
  const LOOKED_AT = 10000 // milliseconds that somebody reads a list before choosing from it
  const inHand = () => {
    const at = document.activeElement
    const choosing = at?.matches("select") && performance.now() - opened < LOOKED_AT
    return pressed || choosing || Boolean(at?.matches("input, textarea"))
  }
  const open = (event) => { if (event.target.closest?.("select")) opened = performance.now() }
  addEventListener("pointerdown", (event) => { pressed = true; open(event) }, true)
  addEventListener("keydown", open, true)
  addEventListener("change", () => { opened = -Infinity }, true)
  for (const over of ["pointerup", "pointercancel"]) {
    addEventListener(over, () => setTimeout(() => { pressed = false }), true)
  }

  function connect(sender) {
    send = sender
    document.documentElement.dataset.connected = "yes"
    while (waiting.length) send(waiting.shift())
  }

  // What is wrong with what was typed: said at once, with nothing of it lost.
  function problems(lines, head = say("not_saved")) {
    byId("main").removeAttribute("aria-busy")
    const place = byId("problems")
    if (!place) return void (byId("status").textContent = toldLate({ problems: lines }))
    const list = document.createElement("ul")
    for (const line of lines) list.append(Object.assign(document.createElement("li"), { textContent: line }))
    place.replaceChildren(head, list)
    place.hidden = false
    place.focus()
  }

  // ---------------------------------------------------------------- what people do
  const address = (form) => "?" + new URLSearchParams(
    [...new FormData(form)].filter(([, text]) => text !== ""))

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-live]")
    if (form) ask({ address: address(form) })
  })
  document.addEventListener("submit", (event) => {
    const doing = event.target.closest("form[data-act]")
    if (doing) {
      event.preventDefault()
      if (doing.dataset.sent) return // pressed twice
      doing.dataset.sent = "yes"
      const fields = Object.fromEntries(new FormData(doing))
      const number = ask({ act: doing.dataset.act, fields, address: location.search })
      return window.qiWritten.sent(doing, number)
    }
    const asking = event.target.closest("form[data-look]")
    if (asking) {
      event.preventDefault()
      return void lookedAt(asking)
    }
    const form = event.target.closest("form[data-live]")
    if (!form) return
    event.preventDefault()
    ask({ address: address(form) })
  })
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-live]")
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    ask({ address: link.search, hash: link.hash, moved: true })
  })
  addEventListener("popstate", () => ask({ address: location.search, back: true }))

  document.addEventListener("keydown", (event) => {
    if (!document.querySelector("[data-present]")) return
    if (event.target.closest("input, textarea, select")) return // somebody writes something down
    if (event.altKey || event.ctrlKey || event.metaKey) return // that is the browser's
    const step = { ArrowRight: "next", PageDown: "next", ArrowLeft: "prev", PageUp: "prev", Escape: "up" }
    document.querySelector(`.steps a[rel="${step[event.key]}"]`)?.click()
  })
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-fullscreen]")) document.documentElement.requestFullscreen?.()
  })
  // What a page needs once it stands: what was typed and not saved.
  function dressed(done) {
    window.qiLog?.dress(done)
  }

  // ---------------------------------------------------------------- a lost connection
  // A new session starts with a fresh page; drafts are kept in the browser and put back into it.
  function lost() {
    if (!byId("offline").hidden) return
    byId("offline").hidden = false
    const own = document.querySelector("script[src*=\"app.js\"]").src
    const look = setInterval(async () => {
      const alive = await fetch(own, { method: "HEAD", cache: "no-store" }).then((r) => r.ok, () => false)
      if (!alive) return
      clearInterval(look)
      location.reload()
    }, 2000)
  }

  // ---------------------------------------------------------------- theme, print, width
  const theme = byId("theme")
  const setTheme = (name) => {
    document.documentElement.dataset.theme = name
    theme.setAttribute("aria-pressed", String(dark()))
    redraw(false)
  }
  theme.addEventListener("click", () => {
    const name = dark() ? "light" : "dark"
    setTheme(name)
    try {
      localStorage.setItem("qi-equity-theme", name)
    } catch { /* a browser that keeps nothing: of this page alone */ }
  })
  theme.setAttribute("aria-pressed", String(dark()))
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw(false))
  addEventListener("beforeprint", () => {
    const today = new Date()
    const named = words.months.split(" ")[today.getMonth()]
    for (const place of document.querySelectorAll("[data-printed]")) {
      place.textContent = say("printed", { day: today.getDate(), month: named, year: today.getFullYear() })
    }
    redraw(true)
  })
  addEventListener("afterprint", () => redraw(false))
  let resizing
  addEventListener("resize", () => {
    clearTimeout(resizing)
    resizing = setTimeout(() => {
      for (const element of plots.values()) {
        if (element.isConnected && element.clientWidth !== element.drawnWidth) draw(element)
      }
    }, 120)
  })

  // ---------------------------------------------------------------- start
  // The charts first; the scripts of the live connection once they are painted, in their order.
  async function goLive() {
    for (const node of [...byId("live").content.childNodes]) {
      if (node.nodeName !== "SCRIPT") {
        document.body.append(node)
        continue
      }
      const script = document.createElement("script")
      for (const { name, value } of node.attributes) script.setAttribute(name, value)
      script.nonce = byId("first").nonce
      script.textContent = node.textContent
      const loaded = node.src && node.type !== "module" && new Promise((resolve) => {
        script.onload = script.onerror = resolve
      })
      document.body.append(script)
      await loaded
    }
  }
  const goesLive = () => requestAnimationFrame(() => setTimeout(goLive))
  drawAll(JSON.parse(byId("figures").textContent), goesLive)
  window.qiWritten.put(true)
  setTimeout(dressed)
  askAgain(document.body.dataset.waiting === "yes")
  return { connect, receive, lost, ask, look, problems, say, plots }
})()
