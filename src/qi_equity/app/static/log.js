// The log: checks as you type, moves like a spreadsheet, takes pasted cells, keeps drafts.
"use strict"
window.qiLog = (() => {
  const say = (name, fields) => window.qiEquity.say(name, fields)
  const form = () => document.querySelector("form[data-log]")
  const cells = () => [...form().querySelectorAll(".entry input")]
  const key = () => "qi-equity-draft|" + form().dataset.draft
  // Digits are read here; whatever else is typed, the server reads, as it reads files.
  const PLAIN = { value: /^\d{1,9}(\.\d{1,6})?$/, numerator: /^\d{1,9}$/, denominator: /^\d{1,9}$/ }
  const readings = new Map() // measure, column and text -> what the server read
  const named = (cell) => {
    const { measure } = cell.closest("tr").dataset
    return { measure, name: cell.name, text: cell.value.trim() }
  }
  const reading = (cell) => readings.get(JSON.stringify(Object.values(named(cell))))
  const isPlain = (cell) => PLAIN[cell.name].test(cell.value.trim())
  const unread = (cell) => cell.value.trim() !== "" && !isPlain(cell) && !reading(cell)
  // null: blank, or not known yet.
  function number(cell) {
    if (cell.value.trim() === "") return null
    return isPlain(cell) ? Number(cell.value.trim()) : (reading(cell)?.number ?? null)
  }

  async function readOnServer(given) {
    const left = given.filter(unread)
    if (!left.length) return
    const answer = await window.qiEquity.look("read", { cells: left.map(named) })
    if (answer.problems) return window.qiEquity.problems(answer.problems)
    for (const one of answer.found.cells) {
      readings.set(JSON.stringify([one.measure, one.name, one.text]), one)
    }
    for (const cell of left) if (cell.isConnected) check(cell.closest("tr"))
  }

  // Wrong stops the save; odd is only asked about.
  function judge(row) {
    const both = [...row.querySelectorAll("input")]
    const [first, second] = both
    for (const cell of both) if (reading(cell)?.said) return [cell, reading(cell).said]
    if (both.some(unread)) return [null, ""]
    if (second) {
      const [events, births] = [number(first), number(second)]
      if (events === null && births !== null) return [first, say("one_missing")]
      if (events !== null && births === null) return [second, say("one_missing")]
      if (row.dataset.kind === "proportion" && events > births) {
        return [first, say("more_than", { births })]
      }
    }
    for (const cell of [first, second].filter(Boolean)) {
      const typed = number(cell)
      const { low, high } = cell.dataset
      if (typed === null) continue
      if (low === "" && !isPlain(cell)) return [null, say("read_as", { number: typed })]
      if (low === "") continue
      const room = Math.max(2, (high - low) * 0.5)
      if (typed > Number(high) + room || typed < Number(low) - room) {
        return [null, say("unusual", { low, high, typed })]
      }
      if (!isPlain(cell)) return [null, say("read_as", { number: typed })]
    }
    return [null, ""]
  }

  const changed = (row) =>
    [...row.querySelectorAll("input")].some((cell) => cell.value.trim() !== cell.dataset.was)

  function check(row) {
    const [wrong, text] = judge(row)
    for (const cell of row.querySelectorAll("input")) {
      if (cell === wrong) cell.setAttribute("aria-invalid", "true")
      else cell.removeAttribute("aria-invalid")
    }
    const place = row.querySelector(".check")
    if (place.textContent !== text) place.textContent = text
    place.classList.toggle("wrong", Boolean(wrong))
    row.classList.toggle("changed", changed(row))
    return !wrong
  }

  function keep() {
    const typed = Object.fromEntries(
      cells().filter((cell) => cell.value.trim() !== cell.dataset.was)
        .map((cell) => [cell.id, cell.value]))
    if (Object.keys(typed).length) localStorage.setItem(key(), JSON.stringify(typed))
    else localStorage.removeItem(key())
    const rows = [...form().querySelectorAll("tbody tr")].filter(changed).length
    document.getElementById("pending").textContent = rows ? say("pending", { count: rows }) : ""
  }

  // The same births are the denominator of several measures: typed once, they are put in where
  // a numerator follows.
  function spread(cell) {
    const births = cell.closest("tr").querySelector("input[name=denominator]")
    if (cell.name !== "numerator" || cell.value === "" || !births || births.value !== "") return
    const same = cells().find((one) => one.dataset.same === births.dataset.same && one.value !== "")
    if (same) births.value = same.value
    check(cell.closest("tr"))
  }

  const column = (cell) => cells().filter((one) => one.name === cell.name)
  function step(cell, by) {
    const all = column(cell)
    const next = all[all.indexOf(cell) + by]
    if (next) {
      next.focus()
      next.select()
    } else if (by > 0) document.getElementById("save").focus()
  }

  // The server says where each cell goes, by the names of strata; what does not fit is told.
  async function paste(cell, text) {
    const row = cell.closest("tr")
    const { measure, subgroup, stratum } = row.dataset
    const fields = { measure, subgroup, stratum, name: cell.name, text }
    const answer = await window.qiEquity.look("paste", fields)
    if (answer.problems) return window.qiEquity.problems(answer.problems)
    if (!row.isConnected) return
    for (const [name, column, typed] of answer.found.fill) {
      const there = [...row.closest("tbody").rows].find((one) => one.dataset.stratum === name)
      const target = there?.querySelector(`input[name="${column}"]`)
      if (target) target.value = typed
    }
    const lines = answer.found.told.map((line) =>
      Object.assign(document.createElement("li"), { textContent: line }))
    const place = document.getElementById("pasted")
    place.querySelector("ul").replaceChildren(...lines)
    place.hidden = false
    form().querySelectorAll("tbody tr").forEach(check)
    keep()
    readOnServer(cells())
  }

  const inLog = (event) => event.target.closest?.("form[data-log] .entry input")
  document.addEventListener("input", (event) => {
    const cell = inLog(event)
    if (!cell) return
    check(cell.closest("tr"))
    keep()
  })
  document.addEventListener("change", (event) => {
    const cell = inLog(event)
    if (!cell) return
    spread(cell)
    keep()
    readOnServer([cell])
  })
  document.addEventListener("keydown", (event) => {
    const cell = inLog(event)
    if (!cell) return
    const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!by) return
    event.preventDefault()
    cell.dispatchEvent(new Event("change", { bubbles: true }))
    step(cell, event.shiftKey && event.key === "Enter" ? -1 : by)
  })
  document.addEventListener("paste", (event) => {
    const cell = inLog(event)
    const text = event.clipboardData.getData("text")
    if (!cell || !/[\t\n]/.test(text)) return
    event.preventDefault()
    paste(cell, text)
  })
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-log]")) return
    event.preventDefault()
    const rows = [...form().querySelectorAll("tbody tr")].filter(changed)
    const wrong = rows.filter((row) => !check(row))
    if (wrong.length) return void wrong[0].querySelector("[aria-invalid]").focus()
    const told = rows.map((row) => ({
      measure: row.dataset.measure,
      stratum: row.dataset.stratum,
      subgroup: row.dataset.subgroup,
      revision: row.dataset.revision,
      ...Object.fromEntries([...row.querySelectorAll("input")].map((c) => [c.name, c.value.trim()])),
    }))
    const reason = form().querySelector("#reason").value
    const fields = { rows: told, reason, site: form().dataset.site }
    const address = new URLSearchParams(location.search)
    address.set("week", form().dataset.week) // stay where the counts went
    window.qiEquity.ask({ act: "log", fields, address: "?" + address })
  })
  document.addEventListener("click", (event) => {
    if (event.target.id !== "discard") return
    for (const cell of cells()) cell.value = cell.dataset.was
    form().querySelectorAll("tbody tr").forEach(check)
    keep()
    document.getElementById("draft").hidden = true
  })

  // After a save the draft is done with; on any other arrival what was typed is put back.
  function dress(done) {
    if (!form()) return
    if (done) localStorage.removeItem(key())
    const typed = JSON.parse(localStorage.getItem(key()) || "{}")
    let back = 0
    for (const [id, value] of Object.entries(typed)) {
      const cell = document.getElementById(id)
      if (!cell || cell.value === value) continue
      cell.value = value
      back += 1
    }
    if (back) {
      form().querySelectorAll("tbody tr").forEach(check)
      readOnServer(cells())
      document.getElementById("draft").hidden = false
    }
    keep()
  }
  return { dress }
})()
