using LamdAgent.Storage.Mongo;

namespace LamdAgent.Storage.Tests.Mongo;

public sealed class BsonJsonTests
{
    [Theory]
    [InlineData("""{"$date":"x","$oid":{"$numberLong":"1"},"a.b":1,"":null}""")]
    [InlineData("""{"whole":9007199254740993,"negative":-3,"fraction":0.1,"small":1E-07,"yes":true,"list":[1,[2,{"x":"\u00e9"}],[]],"empty":{}}""")]
    public void A_record_comes_back_as_it_was_whatever_its_keys_mean_to_mongodb(string json) =>
        System.Text.Json.Nodes.JsonNode.DeepEquals(
            System.Text.Json.Nodes.JsonNode.Parse(BsonJson.ToJson(BsonJson.ToBson(json))),
            System.Text.Json.Nodes.JsonNode.Parse(json)).ShouldBeTrue(BsonJson.ToJson(BsonJson.ToBson(json)));
}
