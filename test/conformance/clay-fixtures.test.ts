import { describePayloads } from './real-payloads.ts';

// The template itself, as it stands in the column: its placeholders are text like any other.
describePayloads('clay', 'clay', {
  'lead-enriched-template.json': { events: [{ type: 'lead.enriched', user: '{{ Work Email }}' }] },
});
