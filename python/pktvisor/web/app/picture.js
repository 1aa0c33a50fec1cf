// A panel as a PNG: its boxes, texts and charts are painted again as they lie on the screen.

/** @param {HTMLElement} box @returns {Promise<Blob>} */
export function picture(box) {
  const frame = box.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  const scale = 2;
  canvas.width = frame.width * scale;
  canvas.height = frame.height * scale;
  const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  paint.scale(scale, scale);
  paint.translate(-frame.left, -frame.top);
  draw(box, paint);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"));
}

/** @param {Element} element @param {CanvasRenderingContext2D} paint */
function draw(element, paint) {
  const style = getComputedStyle(element);
  const { left, top, width, height } = element.getBoundingClientRect();
  if (style.visibility === "hidden" || style.display === "none" || !width || element.matches(".menu, .unseen")) return;
  if (!(element instanceof SVGElement)) {
    paint.fillStyle = style.backgroundColor;
    paint.fillRect(left, top, width, height);
  }
  if (element instanceof HTMLCanvasElement) paint.drawImage(element, left, top, width, height);
  if (element instanceof SVGGeometryElement) drawShape(element, style, paint);
  for (const child of element.childNodes) {
    if (child instanceof Element) draw(child, paint);
    else if (child.nodeType === Node.TEXT_NODE) drawText(/** @type {Text} */ (child), style, paint);
  }
}

/** @param {SVGGeometryElement} shape @param {CSSStyleDeclaration} style @param {CanvasRenderingContext2D} paint */
function drawShape(shape, style, paint) {
  const matrix = shape.getScreenCTM();
  const path = shape instanceof SVGPathElement ? shape.getAttribute("d") : rectangle(shape);
  if (!matrix || !path) return;
  const drawn = new Path2D();
  drawn.addPath(new Path2D(path), matrix);
  paint.globalAlpha = Number(style.opacity) * Number(style.fillOpacity);
  paint.fillStyle = style.fill;
  if (style.fill !== "none") paint.fill(drawn);
  paint.globalAlpha = 1;
  paint.strokeStyle = style.stroke;
  paint.lineWidth = parseFloat(style.strokeWidth);
  if (style.stroke !== "none") paint.stroke(drawn);
}

/** @param {SVGGeometryElement} shape */
function rectangle(shape) {
  const { x, y, width, height } = shape.getBBox();
  return `M${x} ${y}h${width}v${height}h${-width}z`;
}

/** @param {Text} text @param {CSSStyleDeclaration} style @param {CanvasRenderingContext2D} paint */
function drawText(text, style, paint) {
  const range = document.createRange();
  range.selectNodeContents(text);
  const { left, top, bottom } = range.getBoundingClientRect();
  paint.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  paint.fillStyle = style.color;
  paint.textBaseline = "middle";
  paint.fillText(text.data.trim(), left, (top + bottom) / 2);
}
