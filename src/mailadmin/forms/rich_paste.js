// The clipboard's HTML goes to the kernel, which cleans it; nothing of it is put into this page.
function asText(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}

async function pasted(clipboard) {
  const html = clipboard.getData("text/html");
  if (html) return html;
  const pictures = [...clipboard.files].filter((file) => file.type.startsWith("image/"));
  if (pictures.length) {
    return (await Promise.all(pictures.map(asText))).map((source) => `<img src="${source}">`).join("");
  }
  const lines = document.createElement("div");
  lines.textContent = clipboard.getData("text/plain");
  return lines.innerHTML.replaceAll("\n", "<br>");
}

function render({ model, el }) {
  const id = `mailadmin-paste-${model.model_id ?? Math.random().toString(36).slice(2)}`;
  const label = document.createElement("div");
  label.id = `${id}-label`;
  label.className = "mailadmin-paste-label";
  label.textContent = model.get("label");
  const box = document.createElement("div");
  box.className = "mailadmin-paste-box";
  box.tabIndex = 0;
  box.contentEditable = "true";
  box.setAttribute("role", "textbox");
  box.setAttribute("aria-multiline", "true");
  box.setAttribute("aria-labelledby", label.id);
  box.setAttribute("aria-describedby", `${id}-hint`);
  const hint = document.createElement("p");
  hint.id = `${id}-hint`;
  hint.className = "mailadmin-hint";
  hint.setAttribute("role", "status");
  hint.textContent = model.get("hint");
  box.addEventListener("paste", async (event) => {
    event.preventDefault();
    const html = await pasted(event.clipboardData);
    box.textContent = "";
    if (!html) return;
    model.set("pasted", html);
    model.save_changes();
    hint.textContent = "It is taken; how it is sent is shown below.";
  });
  // Only what is pasted counts: what is typed would look like a signature and be none.
  box.addEventListener("beforeinput", (event) => {
    if (event.inputType !== "insertFromPaste") event.preventDefault();
  });
  el.append(label, box, hint);
}

export default { render };
