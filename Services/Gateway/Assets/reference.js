// The reference page: openapi.json as text for people. Everything is put in as text, never as markup.

const verbs = ["get", "post", "put", "delete"];

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function resolve(description, schema) {
  const named = schema.$ref ?? schema.anyOf?.find((choice) => choice.$ref)?.$ref;
  if (!named) return { schema, name: null };
  const name = named.split("/").pop();
  return { schema: description.components.schemas[name], name };
}

function kind(description, schema) {
  const { schema: resolved, name } = resolve(description, schema);
  if (resolved.enum) return resolved.enum.join(" | ");
  if (resolved.type === "array") return `list of ${kind(description, resolved.items)}`;
  const types = [resolved.type].flat().filter((type) => type !== "null").join(" or ");
  const nullable = schema.anyOf || [resolved.type].flat().includes("null") ? ", or null" : "";
  const format = resolved.format ?? (resolved.contentEncoding ? resolved.contentEncoding : "");
  const bounds = [
    resolved.maximum !== undefined && resolved.maximum < 4294967295 && resolved.maximum !== 2147483647
      ? `${resolved.minimum} … ${resolved.maximum}` : "",
    resolved.maxLength !== undefined ? `at most ${resolved.maxLength} bytes` : "",
    resolved.maxItems !== undefined ? `at most ${resolved.maxItems}` : "",
  ].filter(Boolean).join(", ");
  return [name ?? types, format, bounds].filter(Boolean).join(", ") + nullable;
}

function field(description, name, schema, isNeeded, inside) {
  const about = schema.description ?? "";
  const line = element("li", {}, element("code", {}, name), " ", element("span", { class: "kind" }, kind(description, schema)));
  if (isNeeded) line.append(" ", element("span", { class: "needed" }, "required"));
  if (about) line.append(element("span", { class: "about" }, about));
  const nested = resolve(description, schema.type === "array" ? schema.items : schema);
  if (nested.schema.type === "object" && !inside.includes(nested.name)) {
    const fold = element("details", {}, element("summary", {}, `the fields of ${nested.name ?? name}`));
    fold.append(fields(description, nested.schema, false, [...inside, nested.name]));
    line.append(fold);
  }
  return line;
}

function fields(description, schema, showsNeeded, inside = []) {
  const list = element("ul", { class: "fields" });
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    list.append(field(description, name, member, showsNeeded && (schema.required ?? []).includes(name), inside));
  }
  return list;
}

function example(description, schema, depth = 0) {
  const { schema: resolved } = resolve(description, schema);
  if (resolved.enum) return resolved.enum[1] ?? resolved.enum[0];
  switch ([resolved.type].flat()[0]) {
    case "boolean": return true;
    case "integer": return Math.max(resolved.minimum ?? 0, Math.min(10, resolved.maximum ?? 10));
    case "number": return 0.5;
    case "array": return depth < 2 ? [example(description, resolved.items, depth + 1)] : [];
    case "object":
      return Object.fromEntries(Object.entries(resolved.properties ?? {})
        .filter(([name]) => depth > 0 || (resolved.required ?? Object.keys(resolved.properties)).includes(name))
        .map(([name, member]) => [name, example(description, member, depth + 1)]));
    default:
      return { "date-time": "2026-01-31T12:00:00Z", uuid: "01890a5d-ac96-774b-bcce-b302099a8057", "ip-address": "192.0.2.7",
        int64: "10", uint64: "10", password: "…" }[resolved.format] ?? "text";
  }
}

function command(description, verb, path, operation) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase());
  const lines = [`curl ${verb === "get" ? "" : `-X ${verb.toUpperCase()} `}${location.origin}${filled}`];
  if (operation["x-infinite-access"] !== "everyone") lines.push(`  -H "Authorization: Bearer $TOKEN"`);
  const body = operation.requestBody?.content["application/json"].schema;
  if (body) {
    lines.push(`  -H "Content-Type: application/json"`, `  -d '${JSON.stringify(example(description, body)).replaceAll("'", "’")}'`);
  }
  return lines.join(" \\\n");
}

const roles = { everyone: "Anybody may call.", authenticated: "Needs any token.", service: "For services." };

function call(description, path, verb, operation) {
  const section = element("section", { class: "panel call", id: operation.operationId });
  section.append(
    element("h3", {}, element("span", { class: `verb ${verb}` }, verb.toUpperCase()), path),
    element("p", {}, operation.description ? `${operation.summary}. ${operation.description}` : `${operation.summary}.`),
    element("p", { class: "role" }, roles[operation["x-infinite-access"]] ?? `Needs the role ${operation["x-infinite-access"]} or one above it.`),
  );
  if (operation.parameters?.length) {
    const list = element("ul", { class: "fields" });
    for (const parameter of operation.parameters) {
      const schema = { ...parameter.schema, description: parameter.description };
      const line = field(description, parameter.name, schema, parameter.required, []);
      line.querySelector("code").after(element("span", { class: "kind" }, ` in ${parameter.in}`));
      list.append(line);
    }
    section.append(element("h4", {}, "Parameters"), list);
  }
  const body = operation.requestBody?.content["application/json"].schema;
  if (body) section.append(element("h4", {}, "Body"), fields(description, body, true));
  const answer = resolve(description, operation.responses["200"].content["application/json"].schema);
  if (Object.keys(answer.schema.properties ?? {}).length) {
    section.append(element("h4", {}, "Answer"), fields(description, answer.schema, false, [answer.name]));
  }
  section.append(element("pre", { tabindex: "0", "aria-label": "Example" }, command(description, verb, path, operation)));
  return section;
}

function show(description) {
  const contents = document.getElementById("contents");
  const calls = document.getElementById("calls");
  calls.replaceChildren(element("p", { class: "introduction" }, description.info.description));
  const entries = [];
  for (const tag of description.tags) {
    const heading = element("h2", {}, tag.name);
    contents.append(heading);
    for (const [path, operations] of Object.entries(description.paths)) {
      for (const verb of verbs.filter((verb) => operations[verb]?.tags.includes(tag.name))) {
        const section = call(description, path, verb, operations[verb]);
        const link = element("a", { href: `#${operations[verb].operationId}` }, operations[verb].operationId);
        contents.append(link);
        calls.append(section);
        entries.push({ section, link, heading, text: section.textContent.toLowerCase() });
      }
    }
  }
  document.getElementById("find").addEventListener("input", (event) => filter(entries, event.target.value));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function filter(entries, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = new Set();
  for (const entry of entries) {
    const fits = wanted.every((word) => entry.text.includes(word));
    entry.section.hidden = entry.link.hidden = !fits;
    if (fits) shown.add(entry.heading);
  }
  for (const { heading } of entries) heading.hidden = !shown.has(heading);
}

try {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`the gateway answered ${answer.status}`);
  show(await answer.json());
} catch (problem) {
  document.getElementById("state").textContent = `The document could not be read: ${problem.message}. Load the page again.`;
}
