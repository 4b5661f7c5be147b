// Search from disk: browsers refuse to start a Worker from a file, so its script runs in a hidden frame instead.
class FrameWorker extends EventTarget {
  constructor(url) {
    super()
    this.frame = document.createElement("iframe")
    this.frame.hidden = true
    document.body.append(this.frame)
    const page = this.frame.contentDocument
    page.open()
    page.write(
      "<script>" +
        "var postMessage = message => parent.postMessage(message, '*');" +
        "var importScripts = (...urls) => urls.reduce((done, url) => done.then(() => new Promise(ready => {" +
        "const script = document.createElement('script'); script.src = url; script.onload = ready;" +
        "document.body.append(script) })), Promise.resolve())" +
        "<\/script><body><script src='" + new URL(url, document.baseURI).href + "'><\/script></body>"
    )
    page.close()
    addEventListener("message", event => {
      if (event.source !== this.frame.contentWindow) return
      const answer = new MessageEvent("message", { data: event.data })
      this.dispatchEvent(answer)
      this.onmessage?.(answer)
    })
  }
  postMessage(message) {
    const send = () => postMessage.call(this.frame.contentWindow, message, "*") // the frame's own name answers
    const ready = this.frame.contentDocument.readyState === "complete"
    ready ? send() : this.frame.addEventListener("load", send, { once: true })
  }
  terminate() {
    this.frame.remove()
  }
}
if (location.protocol === "file:") window.Worker = FrameWorker
