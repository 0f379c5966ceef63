// Files: dropped or chosen, sent as bytes, shown as the server reads them, and then kept.
"use strict"
window.qiFiles = (() => {
  const say = (name, fields) => window.qiEquity.say(name, fields)
  const shown = new WeakMap() // a form -> the file and answer that it shows

  const bytesOf = (file) => new Promise((done, failed) => {
    const reader = new FileReader()
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1))
    reader.onerror = () => failed(reader.error)
    reader.readAsDataURL(file)
  })

  async function fieldsOf(form, file) {
    const typed = [...new FormData(form)].filter(([, text]) => typeof text === "string")
    return { ...Object.fromEntries(typed), file_name: file.name, file: file.size ? await bytesOf(file) : "" }
  }

  function question({ key, question, hint }) {
    const field = Object.assign(document.createElement("div"), { className: "field" })
    const label = document.createElement("label")
    label.textContent = `${question} (${hint})`
    const input = document.createElement("input")
    input.id = label.htmlFor = `answer-${key}`
    input.name = `answer.${key}`
    field.append(label, input)
    return field
  }

  async function look(form) {
    const file = form.querySelector("input[type=file]").files[0]
    if (!file) return window.qiEquity.problems([say("choose_file")])
    const most = Number(form.dataset.largest)
    if (file.size > most) return window.qiEquity.problems([say("too_large", { most: most / 1e6 })])
    const answer = await window.qiEquity.look(form.dataset.file, await fieldsOf(form, file))
    const place = form.querySelector(".shown")
    if (answer.problems) {
      place.hidden = true
      return window.qiEquity.problems(answer.problems)
    }
    document.getElementById("problems").hidden = true
    show(form, file, answer.found)
  }

  function show(form, file, found) {
    const questions = form.querySelector(".questions")
    const asked = found.questions.map(question)
    if (asked.length) {
      questions.replaceChildren(...asked)
      asked[0].querySelector("input").focus()
    }
    const place = form.querySelector(".shown")
    place.hidden = asked.length > 0
    const rows = (found.examples || []).map((text) =>
      Object.assign(document.createElement("li"), { textContent: text }))
    place.querySelector(".examples").replaceChildren(...rows)
    place.querySelector(".account").textContent = found.account.join("\n")
    const button = place.querySelector("[data-keeps]")
    button.textContent = found.keep
    button.hidden = found.keep === ""
    shown.set(form, { file, found })
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-file]")) return
    event.preventDefault()
    look(event.target)
  })
  // Another file, name or answer is another thing to look at.
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-file]")
    if (!form) return
    form.querySelector(".shown").hidden = true
    if (event.target.type === "file") form.querySelector(".questions").replaceChildren()
  })
  document.addEventListener("click", async (event) => {
    if (!event.target.matches?.("[data-keeps]")) return
    const form = event.target.closest("form")
    if (form.dataset.sent) return // pressed twice
    form.dataset.sent = "yes"
    const { file, found } = shown.get(form)
    const fields = { ...await fieldsOf(form, file), digest: found.digest }
    const begun = found.project && `?page=charts&project=${encodeURIComponent(found.project)}`
    window.qiEquity.ask({ act: form.dataset.keep, fields, address: begun || location.search })
  })
  document.addEventListener("dragover", (event) => {
    if (document.querySelector("form[data-file]")) event.preventDefault()
  })
  document.addEventListener("drop", (event) => {
    const form = document.querySelector("form[data-file]")
    if (!form || !event.dataTransfer.files.length) return
    event.preventDefault()
    const details = form.closest("details")
    if (details) details.open = true
    const input = form.querySelector("input[type=file]")
    input.files = event.dataTransfer.files
    input.dispatchEvent(new Event("input", { bubbles: true }))
    form.requestSubmit()
  })
})()
