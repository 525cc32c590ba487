using System.Collections.Frozen;

namespace Merlon.Scanning.Jinja;

/// <summary>What a chat template may use. Whatever is not here does not pass.</summary>
internal static class Names
{
    /// <summary>Values that renderers provide: conversations come from callers, special tokens from the file itself.</summary>
    public static FrozenSet<string> Data { get; } = Set("""
        messages tools documents add_generation_prompt loop true false none True False None system_message system_prompt enable_thinking thinking thinking_budget
        reasoning_effort builtin_tools custom_tools tools_in_user_message date_string controls available_tools tool_choice continue_final_message
        add_vision_id add_bos_token model_identity keep_past_thinking chat_template_kwargs citations response_format json_schema xml_tools python_tools
        """);

    /// <summary>Texts from the file: they can hold anything.</summary>
    public static FrozenSet<string> FileTexts { get; } = Set("bos_token eos_token pad_token unk_token sep_token cls_token mask_token eot_token image_token");

    public static FrozenSet<string> Functions { get; } = Set("raise_exception range namespace strftime_now dict");

    public static FrozenSet<string> Filters { get; } = Set("""
        trim tojson length count upper lower title capitalize join replace default d first last list int float string safe select reject selectattr rejectattr
        map items dictsort unique reverse sort abs round sum min max indent escape e batch
        """);

    /// <summary>Filters that take the name of an attribute as a text.</summary>
    public static FrozenSet<string> AttributeFilters { get; } = Set("selectattr rejectattr map sort sum min max unique join dictsort");

    public static FrozenSet<string> Tests { get; } = Set("""
        defined undefined none string mapping sequence iterable number integer float boolean true false even odd divisibleby equalto eq ne in lt le gt ge sameas lower upper
        """);

    public static FrozenSet<string> Methods { get; } = Set("strip lstrip rstrip split rsplit splitlines startswith endswith upper lower title capitalize replace items keys values get find rfind index count append join removeprefix removesuffix");

    /// <summary>Fields of messages, of tool descriptions (JSON Schema) and of the loop.</summary>
    public static FrozenSet<string> Attributes { get; } = Set("""
        role content tool_calls tool_call function name arguments parameters type text id tool_call_id tool_plan tool_responses response reasoning_content reasoning thinking
        image image_url video audio url properties required description enum items default title format anyOf oneOf allOf nullable return returns minimum maximum minItems
        maxItems additionalProperties recipient channel author metadata documents doc title snippet citations results output input tools call_id image_grid_pinpoints
        index index0 revindex revindex0 first last length previtem nextitem depth depth0 cycle
        """);

    private static FrozenSet<string> Set(string names) => names.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
