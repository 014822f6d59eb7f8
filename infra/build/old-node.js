// What Node 20 lacks of what the sources use. Part of every bundle.

// It says at every start that versions to come will not run on Node 20; those in the lock file do.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

Map.groupBy ??= function groupBy(items, keyOf) {
  const groups = new Map();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
};

// Revivers get the text of a number from Node 21 on, as `context.source`. Here they get that of integers too long for a
// number, which is what json/values.ts asks for: an id that is off by four is another person.
if (!revivesWithSource()) {
  const parse = JSON.parse;
  const mark = `long integer ${Math.random()} `;
  const stringOrNumber = /"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/g;
  JSON.parse = function parseWithSource(text, reviver) {
    if (typeof reviver !== 'function' || reviver.length < 3) return parse(text, reviver);
    const marked = String(text).replace(stringOrNumber, (token) =>
      /^-?[1-9]\d{15,}$/.test(token) ? `"${mark}${token}"` : token,
    );
    return parse(marked, function revive(key, value) {
      if (typeof value !== 'string' || !value.startsWith(mark)) return reviver.call(this, key, value, {});
      const source = value.slice(mark.length);
      return reviver.call(this, key, Number(source), { source });
    });
  };
}

function revivesWithSource() {
  return JSON.parse('1', (_key, _value, context) => context?.source) === '1';
}
