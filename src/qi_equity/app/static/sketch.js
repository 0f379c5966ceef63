// Figures as drawings of their own: what plotly will draw, in a hundredth of its time, without what
// answers to a touch. Every figure of a page is sketched before the first of them is drawn.
"use strict"
window.qiSketch = (() => {
  const kept = (id) => JSON.parse(document.getElementById(id).textContent)
  const colours = kept("colours"), words = kept("words")
  const PADDED = 0.05 // of an axis beyond its first and last point, as plotly leaves it, and
  const DOT = 4 // pixels
  const TICKS = 5 // at most, about
  const A_MONTH = 30.44 * 86400000 // milliseconds
  const DASHES = { dash: "9 9", dot: "3 3" }
  const SYMBOLS = { diamond: "◆", "triangle-up": "▲", square: "■", "arrow-up-open": "△" }

  // The same sum as `places` in view/panels.py, for as many columns as the width has room for.
  function arrange(layout, width, room = 0) {
    const meta = layout.meta || {}
    if (!meta.panels) return
    const columns = Math.min(meta.panels, meta.columns, Math.max(1, Math.floor(width / (room ? 420 : 300))))
    const rows = Math.ceil(meta.panels / columns)
    const edges = layout.margin.t + layout.margin.b
    const each = room ? Math.max(meta.height, (room - edges) / rows) : meta.height
    const across = (1 - meta.across * (columns - 1)) / columns
    const headroom = room && rows === 1 ? 56 / each : meta.headroom // a title, in pixels or as a share
    for (let index = 0; index < meta.panels; index++) {
      const suffix = index ? index + 1 : ""
      const left = (index % columns) * (across + meta.across)
      const foot = (rows - Math.floor(index / columns) - 1) / rows
      layout["xaxis" + suffix].domain = [left, left + across]
      layout["yaxis" + suffix].domain = [foot, foot + (1 - headroom) / rows]
    }
    layout.height = each * rows + edges
  }

  // ---------------------------------------------------------------- where things are
  const place = (where) => {
    if (typeof where === "number") return where
    return /^\d{4}-\d\d-\d\d$/.test(where) ? Date.parse(where) : NaN
  }
  const along = (trace) => "x0" in trace
    ? trace.y.map((_, step) => place(trace.x0) + step * trace.dx)
    : trace.x.map(place)
  const round = (number) => Math.round(number * 10) / 10
  const named = (colour) => colours[colour]?.name
  const axisOf = (ref) => ref.split(" ")[0].slice(1) // x3 domain: 3
  const clean = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  const bare = new DOMParser()
  const plain = (text) => bare.parseFromString(text, "text/html").body.textContent

  // Whether all of a trace is lines and points; whatever else there is, is plotly's alone.
  const simple = ({ type, mode = "", marker = {}, error_y: ends, x, y }) =>
    type === "scatter" && Array.isArray(y) && !mode.includes("text") && !ends && (!x || Array.isArray(x))
    && ![marker.color, marker.size, marker.symbol].some(Array.isArray)

  function panels(data, layout, width) {
    const { l, r, t, b } = layout.margin
    const wide = width - l - r, high = layout.height - t - b
    const places = data.map(along)
    if (places.some((some) => !some.length || some.some(Number.isNaN))) return null
    const all = places.flat()
    const ends = [Math.min(...all), Math.max(...all)]
    let [first, last] = ends
    const w = wide * (layout.xaxis.domain[1] - layout.xaxis.domain[0])
    if (data.some(({ mode }) => mode.includes("markers"))) {
      const share = PADDED + DOT / w
      const room = (last - first) * share / (1 - 2 * share) || 1
      first -= room
      last += room
    }
    const dated = typeof (data[0].x0 ?? data[0].x[0]) === "string"
    const made = new Map()
    for (let index = 0; index < layout.meta.panels; index++) {
      const suffix = index ? String(index + 1) : ""
      const x = layout["xaxis" + suffix], y = layout["yaxis" + suffix]
      const { range } = y.matches ? layout["yaxis" + y.matches.slice(1)] : y
      if (!range || x.type || x.range) return null
      const [left, foot] = [l + x.domain[0] * wide, t + (1 - y.domain[1]) * high]
      const h = (y.domain[1] - y.domain[0]) * high
      const value = y.type === "log" ? Math.log10 : Number
      made.set(suffix, {
        left, foot, w, h, range, y, first, last, ends, dated, under: [], lines: [], above: [], over: [],
        X: (where) => round((where - first) / (last - first) * w),
        // What is off the panel is cut off there; a ratio of nought lies endlessly far below.
        Y: (amount) => {
          const share = (value(amount) - range[0]) / (range[1] - range[0])
          return round(h * (1 - Math.min(Math.max(share, -9), 9)))
        },
      })
    }
    return { made, places }
  }

  // ---------------------------------------------------------------- what is drawn
  const path = (name, drawn, width, dash, more = "") => name && drawn
    ? `<path class="${name}" d="${drawn}" stroke-width="${width}"${dash ? ` stroke-dasharray="${dash}"` : ""}${more}/>`
    : ""
  const text = (x, y, said, name, anchor = "middle", size = 11) =>
    `<text class="${name}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}">${clean(said)}</text>`

  // A line breaks off where nothing was logged; steps go half of the way at either height.
  function course(xs, ys, steps) {
    let drawn = "", before = null
    for (let at = 0; at < xs.length; at++) {
      if (ys[at] === null) { before = null; continue }
      if (before === null) drawn += `M${xs[at]} ${ys[at]}`
      else if (steps) drawn += `H${round((before + xs[at]) / 2)}V${ys[at]}H${xs[at]}`
      else drawn += `L${xs[at]} ${ys[at]}`
      before = xs[at]
    }
    return drawn
  }

  function trace({ mode, line = {}, marker = {}, y, fill, fillcolor }, where, panel) {
    const xs = where.map(panel.X), ys = y.map((amount) => amount === null ? null : panel.Y(amount))
    const points = xs.map((x, at) => [x, ys[at]]).filter(([, height]) => height !== null)
    if (fill) panel.lines.push(`<path class="filled ${named(fillcolor)}" d="${course(xs, ys)}Z"/>`)
    else if (mode.includes("lines")) {
      panel.lines.push(path(named(line.color), course(xs, ys, line.shape === "hvh"), line.width || 2, DASHES[line.dash]))
    }
    const symbol = marker.symbol
    if (!mode.includes("markers") || !named(marker.color)) return
    if (!symbol) {
      const dots = points.map(([x, height]) => `M${x} ${height}h0`).join("")
      panel.lines.push(path(named(marker.color), dots, marker.size, "", ' stroke-linecap="round"'))
    } else for (const [x, height] of points) {
      panel.over.push(text(x, height + 4, SYMBOLS[symbol] || "×", `mark ${named(marker.color)}`, "middle", 12))
    }
  }

  const spot = (ref, at, panel, up) => {
    if (ref.endsWith("domain")) return up ? panel.h * (1 - at) : panel.w * at
    return up ? panel.Y(at) : panel.X(place(at))
  }

  function shape({ type, layer, xref, yref, x0, x1, y0, y1, line, fillcolor }, panel) {
    const [a, b] = [x0, x1].map((at) => spot(xref, at, panel))
    const [c, d] = [y0, y1].map((at) => spot(yref, at, panel, true))
    panel[layer === "below" ? "under" : "above"].push(type === "rect"
      ? `<path class="filled ground ${named(fillcolor)}" d="M${a} ${c}H${b}V${d}H${a}Z"/>`
      : path(named(line.color), `M${a} ${c}L${b} ${d}`, line.width, DASHES[line.dash]))
  }

  const ANCHORS = { left: "start", right: "end" }
  function note({ xref, yref, x, y, text: said, font = {}, xanchor, yanchor, xshift = 0, yshift = 0 }, panel) {
    const size = font.size || 12
    const drop = { top: size + 1, bottom: -5 }[yanchor] ?? 0.35 * size
    const aside = { left: 2, right: -2 }[xanchor] || 0
    const name = (said.startsWith("<b>") ? "head " : "") + (named(font.color) || "ink")
    panel.over.push(text(spot(xref, x, panel) + aside + xshift, spot(yref, y, panel, true) + drop - yshift,
      plain(said), name, ANCHORS[xanchor] || "middle", size))
  }

  // ---------------------------------------------------------------- ticks
  const ones = (rough, steps = [1, 2, 5, 10]) => {
    const power = 10 ** Math.floor(Math.log10(rough))
    return steps.map((step) => step * power).find((step) => step >= rough * 0.999)
  }
  function numbers(low, high, most) {
    const step = ones((high - low) / most)
    const places = Math.max(0, -Math.floor(Math.log10(step)))
    const found = []
    for (let at = Math.ceil(low / step); at * step <= high; at++) {
      found.push([at * step, (at * step).toFixed(places).replace("-", "−").replace(".", words.decimal)])
    }
    return found
  }
  const fill = (form, fields) => form.replace(/{(\w+)}/g, (_, field) => fields[field])
  const written = (form, date) => fill(form, {
    day: date.getUTCDate(), month: words.months.split(" ")[date.getUTCMonth()], year: date.getUTCFullYear(),
  })

  // Firsts of months as far apart as leaves few enough of them; the first and last day where there
  // are none.
  function dates(low, high, most, ends) {
    const rough = (high - low) / A_MONTH / most
    const step = rough > 6 ? 12 * Math.max(1, ones(rough / 12)) : [1, 2, 3, 6].find((each) => each >= rough)
    const found = []
    const date = new Date(low)
    for (let at = step * Math.ceil((date.getUTCFullYear() * 12 + date.getUTCMonth()) / step); ; at += step) {
      const first = Date.UTC(Math.floor(at / 12), at % 12)
      if (first > high) break
      if (first >= low) found.push([first, written(words.month, new Date(first))])
    }
    if (found.length > 1) return found
    return ends.map((day) => [day, written(words.day, new Date(day))])
  }

  function ticks(panel) {
    const { y, w, h, range, first, last, ends, X, Y } = panel
    const up = y.tickvals
      ? y.tickvals.map((amount, at) => [amount, y.ticktext[at]])
      : numbers(range[0], range[1], y.nticks || TICKS).map(([amount, said]) => [amount, said + (y.ticksuffix || "")])
    for (const [amount, said] of up) {
      const height = Y(amount)
      if (height < -1 || height > h + 1) continue
      panel.under.unshift(path("grid", `M0 ${height}H${w}`, 1))
      panel.over.push(text(-6, height + 4, said, "muted", "end"))
    }
    const most = Math.max(1, Math.min(TICKS + 1, Math.floor(w / 62)))
    const below = panel.dated ? dates(first, last, most, ends) : numbers(first, last, most)
    for (const [where, said] of below) {
      panel.over.push(path("limit", `M${X(where)} ${h}v4`, 1), text(X(where), h + 17, said, "muted"))
    }
    panel.over.push(path("limit", `M0 ${h}H${w}`, 1))
  }

  // A figure's text as SVG for a width; nothing where a part of it is plotly's alone.
  function of(figure, width) {
    const { data, layout } = JSON.parse(figure)
    if (!layout.meta?.panels || layout.showlegend || !data.length || !data.every(simple)) return ""
    arrange(layout, width)
    const found = panels(data, layout, width)
    if (!found) return ""
    const at = (ref) => found.made.get(axisOf(ref))
    for (const one of layout.shapes || []) shape(one, at(one.xref))
    data.forEach((one, index) => trace(one, found.places[index], at(one.xaxis || "x")))
    for (const panel of found.made.values()) ticks(panel)
    for (const one of layout.annotations || []) note(one, at(one.xref))
    const drawn = [...found.made.values()].map(({ left, foot, w, h, under, lines, above, over }) =>
      `<svg x="${round(left)}" y="${round(foot)}" width="${round(w)}" height="${round(h)}">${[...under, ...lines, ...above].join("")}</svg>`
      + `<g transform="translate(${round(left)} ${round(foot)})">${over.join("")}</g>`)
    return `<div class="sketch" aria-hidden="true"><svg width="${width}" height="${layout.height}">${drawn.join("")}</svg></div>`
  }

  // Every figure of these places that can be sketched. How many cannot is marked once all others are
  // painted; then it goes on.
  function all(places, figures, then = () => {}) {
    const wanted = places.filter((one) => figures[one.dataset.figure] && !one.closest("[data-fill]"))
    const widths = wanted.map((one) => one.clientWidth) // together: what is written in between lays out anew
    const sketched = wanted.filter((one, index) => {
      const drawn = of(figures[one.dataset.figure], widths[index])
      if (drawn) one.innerHTML = drawn
      return drawn
    })
    if (!sketched.length) return void setTimeout(then)
    painted(() => {
      performance.mark("qi-sketched", { detail: places.length - sketched.length })
      then()
    })
  }
  const painted = (then) => requestAnimationFrame(() => setTimeout(then))

  all([...document.querySelectorAll("[data-figure]")], kept("figures"))
  return { arrange, of, all, painted }
})()
