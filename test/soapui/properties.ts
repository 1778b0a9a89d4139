/** SoapUI's property expansion, as far as the project uses it: `${#Project#name}`. */
export function property(name: string): string {
  return `\${#Project#${name}}`;
}

export function expanded(text: string, properties: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{#Project#([^}]*)\}/g, (_, name: string) => {
    const value = properties[name];
    if (value === undefined) throw new Error(`the project has no property ${name}`);
    return value;
  });
}
